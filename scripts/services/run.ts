import type { ChildProcess } from 'node:child_process'

/** How a program ended. */
export interface Ended {
  /** Its exit code; 128 and more where a signal ended it, 127 where it could not be started. */
  readonly code: number
  /** What it printed, where that was not passed on. */
  readonly output: string
}

/** Waits for a program to end and collects what it prints to its pipes. */
export function run(child: ChildProcess): Promise<Ended> {
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, output: `${output}${error.message}` }))
    child.once('close', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 143), output }))
  })
}
