import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A Node process of the bench that answers messages, each with one message that has a `kind`. */
export interface Child<Answer extends { readonly kind: string }> {
  readonly pid: number
  /** Resolves with the next message of this kind; rejects when the process exits before. */
  answer<K extends Answer['kind']>(kind: K): Promise<Extract<Answer, { kind: K }>>
  /** Sends a request and resolves with its answer. */
  ask<K extends Answer['kind']>(request: object, kind: K): Promise<Extract<Answer, { kind: K }>>
  /** Disconnects, on which the process exits, and resolves once it has. */
  stop(): Promise<void>
}

/** Starts a file in a process of its own, so that its CPU time and memory are not the gateway's or the bench's. */
export function startChild<Answer extends { readonly kind: string }>(
  file: URL,
  args: readonly string[] = [],
): Child<Answer> {
  const child = fork(fileURLToPath(file), [...args], { serialization: 'advanced' })

  function answer<K extends Answer['kind']>(kind: K) {
    return new Promise<Extract<Answer, { kind: K }>>((resolve, reject) => {
      const onMessage = (message: Answer) => {
        if (message.kind !== kind) return
        child.off('message', onMessage)
        child.off('exit', onExit)
        resolve(message as Extract<Answer, { kind: K }>)
      }
      const onExit = () => reject(new Error(`${file.pathname} exited before it answered "${kind}"`))
      child.on('message', onMessage)
      child.once('exit', onExit)
    })
  }

  return {
    pid: child.pid ?? 0,
    answer,
    ask(request, kind) {
      const answered = answer(kind)
      child.send(request)
      return answered
    },
    async stop() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
