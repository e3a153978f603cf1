import type { Kysely } from 'kysely'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { digestOf } from '../kernel/ids.ts'
import { claimKeys, type FirstAnswer, firstAnswers, type KeyClaim } from '../store/idempotency.ts'
import type { Tables } from '../store/tables.ts'

/** An event of a call with its idempotency key. */
export interface KeyedEvent {
  readonly event: { readonly id: string }
  /** Hash of the key and its caller; undefined for an event without a key. */
  readonly keyHash: string | undefined
  /** The event's `contentHash`. */
  readonly content: string | undefined
}

/** The events of a call whose key is known, by event id. */
export interface KnownKeys {
  /** The first answer for each event whose key an earlier call used. */
  readonly earlier: ReadonlyMap<string, FirstAnswer>
  /** The id of the first event with the same key in this call. */
  readonly inCall: ReadonlyMap<string, string>
}

/**
 * Finds the events of a call whose idempotency key is known, and claims the other keys.
 *
 * An event with a known key is a duplicate only if the first event of the key is found. If not, the key is claimed again
 * and the event is stored. That happens after its month was dropped, after a partial restore of the database, and when a
 * call claimed the key in a caller's transaction, was refused, and the caller committed all the same.
 *
 * @param ttl lifetime of a key in seconds
 * @throws GatewayError `idempotency_key_reused`, with every event whose key was used before with another content
 */
export async function findKnownKeys(
  transaction: Kysely<Tables>,
  named: readonly KeyedEvent[],
  ttl: number,
): Promise<KnownKeys> {
  const firstInCall = new Map<string, { readonly index: number; readonly eventId: string }>()
  for (const [index, { event, keyHash }] of named.entries())
    if (keyHash !== undefined && !firstInCall.has(keyHash)) firstInCall.set(keyHash, { index, eventId: event.id })
  const claims = [...firstInCall].map(([keyHash, { index, eventId }]): KeyClaim => {
    return { keyHash, eventId, contentHash: saltedHash(eventId, named[index]?.content ?? '') }
  })
  const { taken, answers } = await claim(transaction, claims, ttl)

  const earlier = new Map<string, FirstAnswer>()
  const inCall = new Map<string, string>()
  const problems: Problem[] = []
  for (const [index, { event, keyHash, content = '' }] of named.entries()) {
    if (keyHash === undefined) continue
    const before = taken.get(keyHash)
    const answer = before && answers.get(before.eventId)
    const first = firstInCall.get(keyHash)
    if (before && answer) {
      if (isOther(content, before)) problems.push(reused(index, 'a key that came before with another content'))
      else earlier.set(event.id, answer)
    } else if (first && first.index !== index) {
      if (named[first.index]?.content === content) inCall.set(event.id, first.eventId)
      else problems.push(reused(index, `the key of event ${first.index + 1} of this call with another content`))
    }
  }
  if (problems.length > 0) throw new GatewayError('idempotency_key_reused', problems)
  return { earlier, inCall }
}

/** Claims keys until each one is claimed or its first event is found. */
async function claim(transaction: Kysely<Tables>, claims: readonly KeyClaim[], ttl: number) {
  const lost = new Set<string>()
  for (;;) {
    const taken = await claimKeys(transaction, claims, ttl, [...lost])
    const answers = await firstAnswers(transaction, [...new Set([...taken.values()].map(({ eventId }) => eventId))])
    const missing = [...taken.values()].filter(({ eventId }) => !answers.has(eventId))
    if (missing.length === 0) return { taken, answers }
    const known = lost.size
    for (const { eventId } of missing) lost.add(eventId)
    // Each round claims the keys whose event the round before did not find.
    if (lost.size === known) throw new Error('a key whose event is missing could not be taken')
  }
}

/** The stored hash of a key's content: see `content_hash` in `migrations/0004_repeats.up.sql`. */
function saltedHash(eventId: string, content: string): string {
  return `${eventId}:${digestOf(`${eventId}\n${content}`)}`
}

/** True where the key was used with another content. Rows of an older version, without this hash, count as equal. */
function isOther(content: string, { eventId, contentHash }: Omit<KeyClaim, 'keyHash'>): boolean {
  return contentHash?.startsWith(`${eventId}:`) === true && contentHash !== saltedHash(eventId, content)
}

function reused(index: number, found: string): Problem {
  return { at: `events[${index}].idempotencyKey`, found, expected: 'the same content, or a key of its own' }
}
