import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from './find.ts'
import { onFreePort, type Program, privateFolder, startProgram, unprivilegedOwner } from './program.ts'

/** A PgBouncer of our own. */
export interface PgBouncer extends Program {
  /** Connection string of the database behind it. */
  readonly url: string
}

/** Path of pgbouncer; undefined where there is none. */
export function findPgBouncer(): string | undefined {
  return findOnPath('pgbouncer')
}

/** Starts a private PgBouncer in transaction mode before a database: each transaction gets any of its few connections. */
export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  const command = findPgBouncer()
  if (!command) throw new Error('pgbouncer is not installed; "npm test" installs it.')
  const { hostname, port: databasePort, pathname, username, password } = new URL(databaseUrl)
  // It refuses to run as root.
  const owner = unprivilegedOwner()
  return onFreePort(async (port) => {
    const folder = privateFolder('pgbouncer', owner)
    const file = join(folder, 'pgbouncer.ini')
    writeFileSync(
      file,
      `[databases]
pooled = host=${hostname} port=${databasePort} dbname=${pathname.slice(1)} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
`,
      { mode: 0o600 },
    )
    if (owner) chownSync(file, owner.uid, owner.gid)
    const program = await startProgram({
      name: 'PgBouncer',
      folder,
      owner,
      command,
      args: [file],
      ready: /process up/,
      stopSignal: 'SIGINT',
      abandonSignal: 'SIGKILL',
    })
    return Object.assign(program, { url: `postgres://pooled@127.0.0.1:${port}/pooled` })
  })
}
