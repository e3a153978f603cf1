import type { Kysely } from 'kysely'
import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import { DIGEST_TYPE } from '../catalogue/event-types.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import { foldIntoDigests } from '../escalation/fold.ts'
import { correlationIdFor, newId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import {
  type Assignment,
  type DigestPart,
  MAX_PER_ROUND,
  moveIntoDigests,
  type Urgency,
  type WaitingGroup,
  waitingGroups,
} from '../store/digests.ts'
import { insertEvents } from '../store/insert-events.ts'
import type { Tables } from '../store/tables.ts'

/** Groups that a digest's data has at most; its card shows fewer, and how many more there are. */
const MAX_GROUPS = 100

/** Result of a round of digests. */
export interface Round {
  /** How many notifications were digested, into how many digests. */
  readonly digested: number
  readonly digests: number
  /** True where the backlog was larger than one round may digest: the next round follows at once. */
  readonly more: boolean
}

/**
 * Makes digests of a channel's due notifications, inside the transaction that has locked the channel. A digest is an
 * event of the gateway's own with one ordinary notification, so it is sent, retried, recorded and replayed like any
 * other; the digested notifications name it in `digest_id`.
 *
 * @param options.atLeast notifications of one fingerprint that make a digest
 * @param options.cards how many cards may come of it; where there are more fingerprints, the small ones share a digest.
 *   Infinite for CRITICAL and HIGH, which never share one.
 */
export async function makeDigests(
  transaction: Kysely<Tables>,
  catalogue: Catalogue,
  channel: Channel,
  urgency: Urgency,
  options: { readonly atLeast: number; readonly cards: number },
): Promise<Round> {
  const groups = await waitingGroups(transaction, channel.key, urgency)
  const more = groups.reduce((sum, group) => sum + group.count, 0) >= MAX_PER_ROUND
  const assignments = assign(groups, options, catalogue)
  if (assignments.length === 0) return { digested: 0, digests: 0, more: false }
  const parts = await moveIntoDigests(transaction, channel.key, urgency, assignments)
  const stakeholders = [...catalogue.groups]
    .filter(([, group]) => group.channels.includes(channel.key))
    .map(([key]) => key)
  const drafts = [...Map.groupBy(parts, (part) => part.digestId)].flatMap(([id, own]) => {
    const assigned = assignments.find((assignment) => assignment.digestId === id)
    return assigned ? [draft(id, own, assigned, stakeholders)] : []
  })
  const receivedAt = await insertEvents(transaction, {
    events: drafts.map(({ event }) => ({ event, masked: [], ignored: 0 })),
    notifications: drafts.map(({ id, event, language }) => ({
      id,
      eventId: event.id,
      channel: channel.key,
      language,
      state: 'pending',
      reason: null,
      fingerprint: DIGEST_TYPE,
      dedupKey: undefined,
      silenceId: undefined,
      repeatOf: undefined,
    })),
    origin: 'gateway',
  })
  await foldIntoDigests(
    transaction,
    drafts.map(({ id, event }) => ({
      event: { ...event, receivedAt, fingerprint: DIGEST_TYPE },
      notificationId: id,
      channel: channel.key,
    })),
    catalogue.escalation,
  )
  return { digested: parts.reduce((sum, part) => sum + part.count, 0), digests: drafts.length, more }
}

/**
 * Assigns groups to digests; notifications of an unassigned group stay single. Where that would be more cards than
 * `cards`, half of the digests go to the largest groups, and the rest share one digest for each priority and language.
 */
export function assign(
  groups: readonly WaitingGroup[],
  { atLeast, cards }: { readonly atLeast: number; readonly cards: number },
  catalogue: Catalogue,
): readonly Assignment[] {
  const alone = (group: WaitingGroup): Assignment => ({
    ...named(group),
    digestId: newId(),
    groupBy: catalogue.eventTypes.get(group.eventType)?.groupBy,
  })
  const large = groups.filter((group) => group.count >= atLeast)
  if (groups.length <= cards) return large.map(alone)
  const own = large.slice(0, Math.floor(cards / 2))
  const rest = Map.groupBy(
    groups.filter((group) => !own.includes(group)),
    ({ priority, language }) => `${priority} ${language}`,
  )
  const shared = [...rest.values()].flatMap((members) => {
    if (members.reduce((sum, { count }) => sum + count, 0) < atLeast) return []
    const digestId = newId()
    return members.map((member): Assignment => ({ ...named(member), digestId, groupBy: undefined }))
  })
  return [...own.map(alone), ...shared]
}

function named({ fingerprint, priority, language }: WaitingGroup) {
  return { fingerprint, priority, language }
}

function draft(
  id: string,
  parts: readonly DigestPart[],
  { priority, language, groupBy }: Assignment,
  stakeholders: readonly string[],
) {
  const eventId = newId()
  const now = new Date()
  const event: AcceptedEvent = {
    id: eventId,
    eventType: DIGEST_TYPE,
    correlationId: correlationIdFor(eventId),
    priority: priority satisfies Priority,
    stakeholders,
    data: digestData(id, parts, groupBy),
    occurredAt: now,
    acceptedAt: now,
    language,
  }
  return { id, event, language }
}

/** The data of a digest's card; see `digest` of `src/catalogue/card-data.ts`. */
export function digestData(digestId: string, parts: readonly DigestPart[], groupBy: string | undefined): JsonObject {
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  const types = tally(parts, (part) => part.eventType)
  const [type] = types
  const groups = groupBy === undefined ? [] : tally(parts, (part) => part.label ?? undefined)
  const correlationIds = parts.flatMap((part) => part.correlationIds).slice(0, 20)
  const component = types.length === 1 && type ? type.label : 'several'
  return {
    component,
    summary: `${count.toLocaleString('en-US')} × ${component}`,
    count,
    first_at: new Date(Math.min(...parts.map((part) => part.firstAt.getTime()))).toISOString(),
    last_at: new Date(Math.max(...parts.map((part) => part.lastAt.getTime()))).toISOString(),
    event_types: types.slice(0, MAX_GROUPS),
    ...(types.length > MAX_GROUPS ? { more_types: types.length - MAX_GROUPS } : {}),
    ...(groupBy === undefined ? {} : { group_by: groupBy }),
    groups: groups.slice(0, MAX_GROUPS),
    ...(groups.length > MAX_GROUPS ? { more_groups: groups.length - MAX_GROUPS } : {}),
    correlation_ids: correlationIds,
    ...(count > correlationIds.length ? { more: count - correlationIds.length } : {}),
    digest_id: digestId,
  }
}

/** Sums counts by label, the largest first. */
function tally(parts: readonly DigestPart[], labelOf: (part: DigestPart) => string | undefined) {
  const counts = new Map<string, number>()
  for (const part of parts) {
    const label = labelOf(part)
    if (label !== undefined && label !== '') counts.set(label, (counts.get(label) ?? 0) + part.count)
  }
  return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count)
}
