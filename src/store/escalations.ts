import type { Priority } from '../catalogue/priority.ts'

/** An accepted event that may climb. */
export interface EventToEscalate {
  readonly id: string
  readonly eventType: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  /** When the gateway received it, on the database's clock. */
  readonly receivedAt: Date
  readonly dedupKey: string | undefined
  readonly fingerprint: string
  /** Keys of the channels in which it has a pending notification. */
  readonly channels: readonly string[]
}
