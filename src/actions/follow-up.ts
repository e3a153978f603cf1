import type { Kysely } from 'kysely'
import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import { FOLLOWUP_TYPE } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import { findSilence } from '../intake/silences/match.ts'
import { newId } from '../kernel/ids.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { type FoldedFollowUp, foldFollowUps } from '../store/follow-ups.ts'
import { insertEvents, type NewNotification } from '../store/insert-events.ts'
import { readOpenSilences } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import type { ActParts, DoneAction } from './act.ts'

/** Earlier actions in the data of a follow-up; the card shows fewer, and how many more there are. */
const MAX_EARLIER = 50

/** A channel that is told, and the language of its card. */
interface Told {
  readonly channel: Channel
  readonly language: Language
  readonly id: string
}

/**
 * Makes the follow-up of an action: in each channel of its events a card that says who did what. It is an ordinary notification of
 * an event of the gateway's own, so it is paced by the channel's budget, retried and recorded like any other. Follow-ups that
 * still wait in the channel are folded into it, so that a hundred clicks make one card where the channel can take no more.
 *
 * A channel that got no card of the event gets no follow-up: its notification was suppressed or failed, or the channel is muted.
 */
export function createFollowUps(
  { catalogue }: { readonly catalogue: Catalogue },
  wake: ActParts['wake'],
): ActParts['followUp'] {
  return async (transaction, done) => {
    const told = await channelsOf(transaction, done, catalogue)
    if (told.length === 0) return
    const folded = await foldFollowUps(
      transaction,
      told.map(({ channel, id }) => ({ channel: channel.key, id })),
    )
    const drafts = told.map(({ channel, language, id }) => {
      const event = eventOf(
        done,
        folded.filter((one) => one.channel === channel.key),
        catalogue,
        channel,
        language,
      )
      const notification: NewNotification = {
        id,
        eventId: event.id,
        channel: channel.key,
        language,
        state: 'pending',
        reason: null,
        fingerprint: FOLLOWUP_TYPE,
        dedupKey: undefined,
        silenceId: undefined,
        repeatOf: undefined,
      }
      return { event, notification }
    })
    await insertEvents(transaction, {
      events: drafts.map(({ event }) => ({ event, masked: [], ignored: 0 })),
      notifications: drafts.map(({ notification }) => notification),
      origin: 'gateway',
    })
    await wake(
      transaction,
      told.map(({ channel }) => channel.key),
    )
  }
}

async function channelsOf(
  transaction: Kysely<Tables>,
  { events }: DoneAction,
  catalogue: Catalogue,
): Promise<readonly Told[]> {
  const languages = new Map<string, Language>()
  for (const { notifications } of events)
    for (const { channel, language, state } of notifications)
      if (state !== 'suppressed' && state !== 'failed') languages.set(channel, language)
  const silences = languages.size === 0 ? [] : await readOpenSilences(transaction)
  return [...languages].flatMap(([key, language]) => {
    const channel = catalogue.channels.get(key)
    if (channel === undefined || channel.muted) return []
    const [first] = silences
    const about = {
      eventType: FOLLOWUP_TYPE,
      priority: 'INFO',
      correlationId: '',
      stakeholders: [],
      data: {},
      channel: key,
    } as const
    const silenced =
      first &&
      findSilence(
        silences.map(({ silence }) => silence),
        about,
        first.now,
      )
    return silenced ? [] : [{ channel, language, id: newId() }]
  })
}

function eventOf(
  done: DoneAction,
  folded: readonly FoldedFollowUp[],
  catalogue: Catalogue,
  channel: Channel,
  language: Language,
): AcceptedEvent {
  const [first] = done.events
  const now = new Date()
  return {
    id: newId(),
    eventType: FOLLOWUP_TYPE,
    correlationId: first?.correlationId ?? '',
    priority: 'INFO',
    stakeholders: [...catalogue.groups]
      .filter(([, { channels }]) => channels.includes(channel.key))
      .map(([key]) => key),
    data: followUpData(done, folded),
    occurredAt: done.at,
    acceptedAt: now,
    language,
  }
}

/** The data of a follow-up's card: `action_followup` of `src/catalogue/card-data.ts`. */
function followUpData(done: DoneAction, folded: readonly FoldedFollowUp[]): JsonObject {
  const [first] = done.events
  const name = done.state === 'done' ? done.action : `${done.action}_${done.state}`
  const before = folded.flatMap(({ data }) => [pick(data), ...listOf(data.earlier).map(pick)])
  const hidden = folded.reduce(
    (sum, { data }) => sum + (typeof data.more_earlier === 'number' ? data.more_earlier : 0),
    0,
  )
  const earlier = before.sort((a, b) => String(b.at).localeCompare(String(a.at)))
  const more = hidden + Math.max(0, earlier.length - MAX_EARLIER)
  return {
    component: first?.correlationId ?? '',
    summary: `${name} - ${done.by}`,
    event: first?.eventType ?? '',
    done: name,
    by: done.by,
    ...(done.unverified ? { identity: 'not_verified' } : {}),
    at: done.at.toISOString(),
    ...(done.reason === null ? {} : { reason: done.reason }),
    ...(done.tier === null ? {} : { tier: done.tier }),
    ...(done.expiresAt === null ? {} : { expires_at: done.expiresAt.toISOString() }),
    ...(done.quietUntil === null ? {} : { quiet_until: done.quietUntil.toISOString() }),
    ...(done.events.length > 1 ? { events: done.events.length } : {}),
    earlier: earlier.slice(0, MAX_EARLIER),
    ...(more > 0 ? { more_earlier: more } : {}),
  }
}

function pick({ done, event, by, at }: JsonObject): JsonObject {
  return { done: done ?? '', event: event ?? '', by: by ?? '', at: at ?? '' }
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item): item is JsonObject => isObject(item)) : []
}
