import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findOnPath } from './find.ts'
import { onFreePort, type Program, privateFolder, startProgram, unprivilegedOwner } from './program.ts'

const OLDEST = 14

/** A PostgreSQL of our own. */
export interface Postgres extends Program {
  /** Connection string of its superuser. */
  readonly url: string
}

/** The folder with PostgreSQL's programs, the newest that is 14 or newer; undefined where there is none. */
export function findPostgres(): string | undefined {
  const version = (folder: string) => Number(folder.match(/\/postgresql\/(\d+)\//)?.[1] ?? 0)
  const packaged = globSync('/usr/lib/postgresql/*/bin')
    .filter((folder) => version(folder) >= OLDEST && existsSync(join(folder, 'initdb')))
    .sort((a, b) => version(b) - version(a))[0]
  if (packaged) return packaged
  const initdb = findOnPath('initdb')
  return initdb && dirname(initdb)
}

/**
 * Starts a private PostgreSQL in a temporary folder on a free port; 1 to 2 s.
 *
 * `durable: false` makes it faster by not waiting for the disk, and by a folder in memory. Only for tests that do not kill
 * PostgreSQL itself: the others are about exactly that waiting. `envIn` gives its process an environment, for example a library that moves its
 * clock, which may have files in its folder.
 */
export async function startPostgres(
  options: {
    readonly durable?: boolean
    readonly envIn?: ((folder: string) => Readonly<Record<string, string>>) | undefined
    /** Further settings of the server. */
    readonly settings?: Readonly<Record<string, string | number>>
  } = {},
): Promise<Postgres> {
  const bin = findPostgres()
  if (!bin) throw new Error(`PostgreSQL ${OLDEST} or newer is not installed; "npm test" installs it.`)
  const owner = unprivilegedOwner()
  const password = randomBytes(12).toString('hex')
  return onFreePort(async (port) => {
    const folder = privateFolder('postgres', owner, options.durable)
    const data = join(folder, 'data')
    try {
      await initialise(bin, data, password, owner)
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
      ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
      ...options.settings,
    }
    const program = await startProgram({
      name: 'PostgreSQL',
      folder,
      owner,
      // `env` becomes the program, so the process id stays.
      command: '/usr/bin/env',
      args: [
        ...Object.entries(options.envIn?.(folder) ?? {}).map(([name, value]) => `${name}=${value}`),
        join(bin, 'postgres'),
        '-D',
        data,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      ready: /database system is ready to accept connections/,
      stopSignal: 'SIGINT',
      abandonSignal: 'SIGQUIT',
    })
    const { restart } = program
    return Object.assign(program, {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      restart: () => afterOrphans(restart),
    })
  })
}

/** Starts a replica that streams from `primary`, under this `application_name`; it ends like {@link startPostgres}'s server. */
export async function startReplica(
  primary: Postgres,
  name: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Postgres> {
  const bin = findPostgres()
  if (!bin) throw new Error(`PostgreSQL ${OLDEST} or newer is not installed; "npm test" installs it.`)
  const owner = unprivilegedOwner()
  const from = new URL(primary.url)
  return onFreePort(async (port) => {
    const folder = privateFolder('replica', owner)
    const data = join(folder, 'data')
    try {
      await promisify(execFile)(
        join(bin, 'pg_basebackup'),
        ['-D', data, '-d', `${primary.url}?application_name=${name}`, '-R', '-X', 'stream', '--checkpoint=fast'],
        { ...owner, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } },
      )
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
    const all = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: folder,
      max_connections: 200,
      log_min_messages: 'log',
      ...settings,
    }
    const program = await startProgram({
      name: 'PostgreSQL replica',
      folder,
      owner,
      command: join(bin, 'postgres'),
      args: ['-D', data, ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      ready: /database system is ready to accept read-only connections/,
      stopSignal: 'SIGINT',
      abandonSignal: 'SIGQUIT',
    })
    return Object.assign(program, { url: `postgres://postgres:${from.password}@127.0.0.1:${port}/postgres` })
  })
}

async function initialise(bin: string, data: string, password: string, owner: ReturnType<typeof unprivilegedOwner>) {
  mkdirSync(data, { mode: 0o700 })
  const passwordFile = join(data, '..', 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (owner) for (const path of [data, passwordFile]) chownSync(path, owner.uid, owner.gid)
  await promisify(execFile)(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '-N'],
    { ...owner, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } },
  )
}

/** After a kill, PostgreSQL does not start before the last of its orphaned children has noticed and gone. */
async function afterOrphans(start: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      return await start()
    } catch (error) {
      const orphans = error instanceof Error && /shared memory block|lock file .* already exists/i.test(error.message)
      if (!orphans || Date.now() > deadline) throw error
    }
  }
}
