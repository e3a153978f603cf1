import { SOURCE_CODES, type SourceCode } from '../contract/sources.ts'
import { digestOf } from '../kernel/ids.ts'
import type { SourceEvent } from './source.ts'

/** What decides whether a source is blind. */
export interface SightState {
  /** Since when it does not see its system; undefined while it does. */
  readonly unseenSince: Date | undefined
  /** When this replica began to run it. */
  readonly heldSince: Date
  /** True once a look of this replica failed. */
  readonly failedHere: boolean
}

/**
 * True where a source has not seen its system for `blindAfterMs`. The time counts over a change of replicas; but a replica that has just
 * taken the source over, after all of them were away, first looks itself.
 */
export function isBlind({ unseenSince, heldSince, failedHere }: SightState, now: Date, blindAfterMs: number): boolean {
  if (unseenSince === undefined) return false
  const isOwn = failedHere || now.getTime() - heldSince.getTime() >= blindAfterMs
  return isOwn && now.getTime() - unseenSince.getTime() >= blindAfterMs
}

/**
 * Since when a source has not looked that counts as one that sees: its last look has not ended, or was none. Undefined where its last
 * look is not older than `quietMs`.
 */
export function quietSince(
  { unseenSince, seenAt }: { readonly unseenSince: Date | undefined; readonly seenAt: Date | undefined },
  now: Date,
  quietMs: number,
): Date | undefined {
  if (unseenSince !== undefined || seenAt === undefined) return undefined
  return now.getTime() - seenAt.getTime() > quietMs ? seenAt : undefined
}

/** What the two events are about. */
interface Blind {
  readonly name: string
  readonly kind: string
  readonly since: Date
  readonly now: Date
}

/** The event of a source that has become blind. */
export function blindEvent(
  { name, kind, since, now }: Blind,
  code: SourceCode | undefined,
  blindAfterMs: number,
): SourceEvent {
  const why = code === undefined ? 'It has not answered.' : SOURCE_CODES[code].means
  return {
    ...headOf(name, 'gateway.source.blind', since),
    data: {
      component: name,
      summary: `Not seen since ${since.toISOString()}: ${why}`,
      value: secondsBetween(since, now),
      threshold: blindAfterMs / 1000,
      unit: 's',
      labels: { kind, ...(code === undefined ? {} : { code }) },
      starts_at: since.toISOString(),
    },
  }
}

/** The event of a source that sees again, which resolves that of its blindness. */
export function recoveredEvent(blind: Blind): SourceEvent {
  return endOfBlindness(blind, `Seen again after ${secondsBetween(blind.since, blind.now)} s.`)
}

/** The event that resolves the blindness of a source which the configuration has no more. */
export function unwatchedEvent(blind: Blind): SourceEvent {
  return endOfBlindness(blind, 'Not watched any more: the source is not in the configuration.')
}

function endOfBlindness({ name, kind, since, now }: Blind, summary: string): SourceEvent {
  return {
    ...headOf(name, 'gateway.source.recovered', since),
    data: {
      component: name,
      summary,
      labels: { kind },
      starts_at: since.toISOString(),
      ends_at: now.toISOString(),
    },
  }
}

function headOf(name: string, eventType: 'gateway.source.blind' | 'gateway.source.recovered', since: Date) {
  return { eventType, correlationId: name, idempotencyKey: digestOf([eventType, since.toISOString()].join('\n')) }
}

const secondsBetween = (from: Date, to: Date) => Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000))
