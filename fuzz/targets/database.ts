import { Worker } from 'node:worker_threads'
import type { ErrorCode } from '../../src/kernel/error-codes.ts'
import { GatewayError, type Problem } from '../../src/kernel/errors.ts'
import type { Database, DatabaseReply, DatabaseRequest } from './database-thread.ts'

/** Starts the thread with the gateway and its database; what it refuses is refused here as well. */
export async function startDatabase(): Promise<Database> {
  const worker = new Worker(new URL('./database-thread.ts', import.meta.url))
  let waiting: { resolve: (reply: DatabaseReply) => void; reject: (error: unknown) => void } | undefined
  const next = () =>
    new Promise<DatabaseReply>((resolve, reject) => {
      waiting = { resolve, reject }
    })
  worker.on('message', (reply: DatabaseReply) => waiting?.resolve(reply))
  worker.on('error', (error) => waiting?.reject(error))
  worker.on('exit', () => waiting?.reject(new Error('the thread with the database has ended')))
  const ask = async (question: DatabaseRequest) => {
    const answer = next()
    worker.postMessage(question)
    const reply = await answer
    if ('failed' in reply) throw new Error(`the gateway threw: ${reply.failed}`)
    if ('refused' in reply)
      throw new GatewayError(reply.refused.code as ErrorCode, reply.refused.problems as readonly Problem[])
    return reply.value
  }
  await next()
  return {
    accept: (given) => ask({ ask: 'accept', given }) as ReturnType<Database['accept']>,
    stored: () => ask({ ask: 'stored', given: undefined }) as ReturnType<Database['stored']>,
    rest: () => ask({ ask: 'rest', given: undefined }) as ReturnType<Database['rest']>,
    empty: () => ask({ ask: 'empty', given: undefined }) as ReturnType<Database['empty']>,
    async close() {
      await ask({ ask: 'close', given: undefined })
      await worker.terminate()
    },
  }
}
