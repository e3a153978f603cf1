import type { Kysely } from 'kysely'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { digestOf } from '../kernel/ids.ts'
import { claimKeys, type FirstAnswer, firstAnswers, type KeyClaim } from '../store/idempotency.ts'
import type { Tables } from '../store/tables.ts'

/** An event of a call with its idempotency key. */
export interface KeyedEvent {
  readonly event: { readonly id: string }
  /** The key, hashed together with its caller; undefined for an event without one. */
  readonly keyHash: string | undefined
  /** The event's `contentHash`. */
  readonly content: string | undefined
}

/** Events of a call whose key is known, by their ids. */
export interface KnownKeys {
  /** Those whose key an earlier call used: what that was answered. */
  readonly earlier: ReadonlyMap<string, FirstAnswer>
  /** Those whose key an event before them in this call has: the id of that event. */
  readonly inCall: ReadonlyMap<string, string>
}

/**
 * Finds the events of a call whose idempotency key is known, and takes the other keys for them.
 *
 * A key that is known is never answered as accepted without the first answer. Where the event of a key is not found (its
 * month was dropped; the call that took the key inside a caller's transaction was refused, and that was committed; the
 * database was restored in part), the key is taken anew and the event is stored.
 *
 * @param ttl seconds for which a key is known
 * @throws GatewayError `idempotency_key_reused`, with every event whose key came before with another content
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

/** Takes keys until each is taken, or has an event that is found. */
async function claim(transaction: Kysely<Tables>, claims: readonly KeyClaim[], ttl: number) {
  const lost = new Set<string>()
  for (;;) {
    const taken = await claimKeys(transaction, claims, ttl, [...lost])
    const answers = await firstAnswers(transaction, [...new Set([...taken.values()].map(({ eventId }) => eventId))])
    const missing = [...taken.values()].filter(({ eventId }) => !answers.has(eventId))
    if (missing.length === 0) return { taken, answers }
    const known = lost.size
    for (const { eventId } of missing) lost.add(eventId)
    // Each round takes what the one before found missing.
    if (lost.size === known) throw new Error('a key whose event is missing could not be taken')
  }
}

/** The content of a key as it is stored: see `content_hash` in `migrations/0004_repeats.up.sql`. */
function saltedHash(eventId: string, content: string): string {
  return `${eventId}:${digestOf(`${eventId}\n${content}`)}`
}

/** True where a key is known to have stood for another content. What an older version wrote says nothing of it. */
function isOther(content: string, { eventId, contentHash }: Omit<KeyClaim, 'keyHash'>): boolean {
  return contentHash?.startsWith(`${eventId}:`) === true && contentHash !== saltedHash(eventId, content)
}

function reused(index: number, found: string): Problem {
  return { at: `events[${index}].idempotencyKey`, found, expected: 'the same content, or a key of its own' }
}
