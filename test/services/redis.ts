import { findOnPath } from './find.ts'
import { onFreePort, type Program, privateFolder, startProgram } from './program.ts'

/** A Redis of our own. */
export interface Redis extends Program {
  readonly url: string
}

/** Path of redis-server; undefined where there is none. */
export function findRedis(): string | undefined {
  return findOnPath('redis-server', 'valkey-server')
}

/** Starts a private Redis in a temporary folder on a free port. It keeps nothing on disk, unless the further settings say so. */
export async function startRedis(further: Readonly<Record<string, string | number>> = {}): Promise<Redis> {
  const command = findRedis()
  if (!command) throw new Error('redis-server is not installed; "npm test" installs it.')
  return onFreePort(async (port) => {
    const folder = privateFolder('redis')
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'no',
      daemonize: 'no',
      logfile: '',
      ...further,
    }
    const program = await startProgram({
      name: 'Redis',
      folder,
      owner: undefined,
      command,
      args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]),
      ready: /ready to accept connections/i,
      stopSignal: 'SIGTERM',
      abandonSignal: 'SIGKILL',
    })
    return Object.assign(program, { url: `redis://127.0.0.1:${port}` })
  })
}
