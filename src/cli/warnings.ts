import type { Log } from '../kernel/log.ts'

/**
 * Writes what Node and libraries warn of into the log. Node itself prints it in lines of text on stderr, where a collector
 * of logs expects JSON. Its code and name are told, not its message, which may quote anything.
 */
export function logWarnings(log: Log): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => log.write('process_warned', { err: warning }))
}
