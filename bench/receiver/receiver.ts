import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Arrival, ReceiverAnswer, ReceiverRequest, RecordedPost } from './messages.ts'

/** The receiving end, running in a process of its own. */
export interface Receiver {
  /** For example `http://127.0.0.1:41234`. */
  readonly origin: string
  /** The webhook URL of a channel. */
  address(channel: string): string
  /** Resolves once so many cards are there since the last `take`, or none has come for `quietMs`. One call at a time. */
  arrived(count: number, quietMs: number): Promise<void>
  /** All cards since the last call, in the order in which they came; forgets them. */
  take(): Promise<readonly Arrival[]>
  /** Keeps whole posts from now on. */
  record(): Promise<void>
  /** The posts kept since `record`, and keeps no more. */
  takeRecorded(): Promise<readonly RecordedPost[]>
  stop(): Promise<void>
}

/** Starts the receiving end. */
export async function startReceiver(): Promise<Receiver> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), { serialization: 'advanced' })

  function answer<T extends ReceiverAnswer['told']>(told: T) {
    return new Promise<Extract<ReceiverAnswer, { told: T }>>((resolve, reject) => {
      const done = () => {
        child.off('message', heed)
        child.off('exit', gone)
      }
      const gone = () => {
        done()
        reject(new Error('the receiving end has stopped by itself'))
      }
      const heed = (message: ReceiverAnswer) => {
        if (message.told !== told) return
        done()
        resolve(message as Extract<ReceiverAnswer, { told: T }>)
      }
      child.on('message', heed)
      child.once('exit', gone)
    })
  }
  async function ask<T extends ReceiverAnswer['told']>(request: ReceiverRequest, told: T) {
    const answered = answer(told)
    child.send(request)
    return await answered
  }

  const listening = await answer('listening')
  const origin = `http://127.0.0.1:${listening.port}`
  return {
    origin,
    address: (channel) => `${origin}/channels/${channel}/webhook`,
    arrived: async (count, quietMs) => {
      await ask({ ask: 'await', count, quietMs }, 'arrived')
    },
    take: async () => (await ask({ ask: 'take' }, 'taken')).arrivals,
    record: async () => {
      await ask({ ask: 'record' }, 'recording')
    },
    takeRecorded: async () => (await ask({ ask: 'takeRecorded' }, 'recorded')).posts,
    async stop() {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}
