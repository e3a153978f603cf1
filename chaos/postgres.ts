import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPostgres, type Postgres } from '../test/services/postgres.ts'
import { onFreePort, privateFolder, startProgram, unprivilegedOwner } from '../test/services/program.ts'

/**
 * A private PostgreSQL whose own process has this environment, for example a library that moves its clock. Otherwise like
 * `startPostgres` of the tests, which gives its services none.
 */
export async function startPlainPostgres(
  envIn: (folder: string) => Readonly<Record<string, string>>,
): Promise<Postgres> {
  const bin = findPostgres()
  if (!bin) throw new Error('PostgreSQL is not installed.')
  const owner = unprivilegedOwner()
  const password = randomBytes(12).toString('hex')
  return onFreePort(async (port) => {
    const folder = privateFolder('postgres', owner)
    const data = join(folder, 'data')
    try {
      mkdirSync(data, { mode: 0o700 })
      const passwordFile = join(folder, 'password')
      writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
      if (owner) for (const path of [data, passwordFile]) chownSync(path, owner.uid, owner.gid)
      await promisify(execFile)(
        join(bin, 'initdb'),
        [
          '-D',
          data,
          '-U',
          'postgres',
          '-A',
          'scram-sha-256',
          `--pwfile=${passwordFile}`,
          '-E',
          'UTF8',
          '--locale=C',
          '-N',
        ],
        { ...owner, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } },
      )
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: folder,
      max_connections: 200,
      log_min_messages: 'log',
    }
    const program = await startProgram({
      name: 'PostgreSQL',
      folder,
      owner,
      // `env` becomes the program, so the process id stays.
      command: '/usr/bin/env',
      args: [
        ...Object.entries(envIn(folder)).map(([name, value]) => `${name}=${value}`),
        join(bin, 'postgres'),
        '-D',
        data,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      ready: /database system is ready to accept connections/,
      stopSignal: 'SIGINT',
      abandonSignal: 'SIGQUIT',
    })
    return Object.assign(program, { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` })
  })
}
