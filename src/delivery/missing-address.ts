import type { Channel } from '../catalogue/catalogue.ts'
import { noteAddressMissing } from '../store/waiting.ts'
import type { TurnContext } from './turn-context.ts'

/** Milliseconds until a channel without a webhook URL is looked at again; a new URL wakes it at once. */
const LOOK_AGAIN_MS = 60_000
/** Milliseconds between two notes for one channel: a storm on it must not be a statement for each event. */
const BETWEEN_NOTES_MS = 1_000
/** Milliseconds by which an event may be committed after it was accepted, and still get its reason by the next note. */
const LATEST_COMMIT_MS = 3_600_000

/** What a process remembers of a channel without a webhook URL. */
export interface MissingAddress {
  /** When it was noted, by the process's own clock in milliseconds. */
  notedAt: number
  /** What was accepted before has its reason. */
  since: Date | undefined
}

/** Nothing was noted yet. */
export const neverNoted = (): MissingAddress => ({ notedAt: Number.NEGATIVE_INFINITY, since: undefined })

/**
 * Says in the record that a channel has no webhook URL, and that this is why its notifications wait.
 *
 * @returns milliseconds until the channel has to be looked at again
 */
export async function noteMissingAddress(
  { kysely }: Pick<TurnContext, 'kysely'>,
  channel: Channel,
  turn: string,
  memory: MissingAddress,
): Promise<number> {
  const early = memory.notedAt + BETWEEN_NOTES_MS - performance.now()
  if (early > 0) return early
  memory.notedAt = performance.now()
  const now = await noteAddressMissing(kysely, channel.key, turn, memory.since)
  memory.since = new Date(now.getTime() - LATEST_COMMIT_MS)
  return LOOK_AGAIN_MS
}
