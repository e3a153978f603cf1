import { readFile } from 'node:fs/promises'
import { SourceProblem } from './source.ts'

/** Longest time to read the file; a local one takes a millisecond. */
const DEADLINE_MS = 10_000

/** Reads the certificates of `ca_file`; undefined without a file. @throws SourceProblem */
export type ReadAuthority = (signal: AbortSignal) => Promise<string | undefined>

/**
 * Makes the function that reads a source's `ca_file` for each connection, so that a renewed file counts. It does not wait for a mount
 * that does not answer, and reads such a file once at a time: a read that hangs occupies one of the process's four threads.
 */
export function createAuthority(file: string | undefined, deadlineMs: number = DEADLINE_MS): ReadAuthority {
  let reading: Promise<string> | undefined
  return async (signal) => {
    if (file === undefined) return undefined
    reading ??= readFile(file, 'utf8').finally(() => {
      reading = undefined
    })
    return within(reading, deadlineMs, signal)
  }
}

function within(reading: Promise<string>, deadlineMs: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown) => finish(() => reject(new SourceProblem('tls_failed', { cause })))
    const deadline = setTimeout(fail, deadlineMs)
    const abort = () => fail()
    signal.addEventListener('abort', abort)
    function finish(then: () => void): void {
      clearTimeout(deadline)
      signal.removeEventListener('abort', abort)
      then()
    }
    if (signal.aborted) abort()
    reading.then((text) => finish(() => resolve(text)), fail)
  })
}
