import { startChild } from '../child.ts'

/** One post of the recording. `body` and `headers` are the gateway's, byte for byte. */
export interface CeilingPost {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What the record says of it afterwards, with the audit entry of its attempt: a JSON object without its braces. */
  readonly recorded: string
}

/** The rows of one accept transaction: JSON arrays, and how many notifications each channel gets. */
export interface CeilingBatch {
  readonly events: string
  readonly notifications: string
  /** Audit entries of the transaction. */
  readonly entries: string
  readonly perChannel: Readonly<Record<string, number>>
}

/** What a gateway did, for the ceiling to do again. */
export interface Recording {
  readonly batches: readonly CeilingBatch[]
  /** By notification id. */
  readonly posts: Readonly<Record<string, CeilingPost>>
  /** False for a gateway from before the audit trail. */
  readonly hasEntries: boolean
  readonly eventColumns: readonly string[]
  readonly notificationColumns: readonly string[]
}

/** What the ceiling's process is started with. */
export interface CeilingStart {
  /** File with a {@link Recording} as JSON. */
  readonly recording: string
  readonly databaseUrl: string
  readonly receiverOrigin: string
  readonly databaseConnections: number
  /** Mean number of finished cards that one step records. */
  readonly stepSize: number
  readonly connections: number
  /** End of the names of the month's tables, `_2026_11`, for a ceiling whose step names them; empty for the whole table. */
  readonly month: string
  /** Accept transactions in flight: as many as the sender has requests in flight. */
  readonly concurrentRequests: number
}

/** Says which of the batches to do now: from, and up to but not including. */
export interface CeilingRequest {
  readonly from: number
  readonly to: number
}

/** Messages of the ceiling's process. */
export type CeilingAnswer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      /** `nowMs()` before the first row was written, and when the last accept was committed. */
      readonly from: number
      readonly accepted: number
      /** Steps that claimed or recorded something, and rows that they recorded. */
      readonly steps: number
      readonly rows: number
    }

/** The ceiling, in a process of its own. */
export interface Ceiling {
  readonly pid: number
  /** Does these batches of the recording; resolves once they are recorded. */
  run(request: CeilingRequest): Promise<Extract<CeilingAnswer, { kind: 'done' }>>
  stop(): Promise<void>
}

/** Starts the ceiling; resolves once its rows and bytes are in memory and its database answers. */
export async function startCeiling(start: CeilingStart): Promise<Ceiling> {
  const child = startChild<CeilingAnswer>(new URL('process.ts', import.meta.url), [JSON.stringify(start)])
  await child.answer('ready')
  return { pid: child.pid, run: (request) => child.ask(request, 'done'), stop: () => child.stop() }
}
