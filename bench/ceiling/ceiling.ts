import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CeilingAnswer, CeilingRequest, CeilingStart } from './messages.ts'

/** The ceiling, running in a process of its own. */
export interface Ceiling {
  readonly pid: number
  /** Does these batches of the recording and resolves once they are recorded. */
  run(request: CeilingRequest): Promise<Extract<CeilingAnswer, { told: 'done' }>>
  stop(): Promise<void>
}

/** Starts it and resolves when it has its rows and bytes in memory and its database answers. */
export async function startCeiling(start: CeilingStart): Promise<Ceiling> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), [JSON.stringify(start)])
  const answer = () =>
    new Promise<CeilingAnswer>((resolve, reject) => {
      const gone = () => reject(new Error('the ceiling has stopped by itself'))
      child.once('exit', gone)
      child.once('message', (message) => {
        child.off('exit', gone)
        resolve(message as CeilingAnswer)
      })
    })
  await answer()
  return {
    pid: child.pid ?? 0,
    async run(request) {
      const done = answer()
      child.send(request)
      const told = await done
      if (told.told !== 'done') throw new Error(`the ceiling told "${told.told}" in place of "done"`)
      return told
    },
    async stop() {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}
