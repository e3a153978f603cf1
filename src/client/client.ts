import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type ChannelView, channelsWire } from '../contract/channels.ts'
import { type Acceptance, acceptancesWire, type EventInput, eventToWire } from '../contract/events.ts'
import { snakeName } from '../contract/json-names.ts'
import {
  type NotificationDetail,
  type NotificationQuery,
  type NotificationView,
  notificationDetailWire,
  notificationPageWire,
  notificationWire,
} from '../contract/notifications.ts'
import {
  type SilenceDetail,
  type SilenceInput,
  type SilenceQuery,
  type SilenceView,
  silenceDetailWire,
  silencePageWire,
  silenceToWire,
  silenceWire,
} from '../contract/silences.ts'
import type { ErrorCode } from '../kernel/error-codes.ts'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { createLossFinder } from '../kernel/json.ts'
import { createRequests, type RequestOptions } from './requests.ts'
import { mayHaveBeenSent } from './unreachable.ts'

/** Where the gateway is and how to speak to it. */
export interface ClientOptions extends RequestOptions {}

/** A page of notifications. */
export interface NotificationPage {
  readonly notifications: readonly NotificationView[]
  /** Give it as `cursor` to get the next page; null at the end. */
  readonly nextCursor: string | null
}

/** A page of silences. */
export interface SilencePage {
  readonly silences: readonly SilenceView[]
  /** Give it as `cursor` to get the next page; null at the end. */
  readonly nextCursor: string | null
}

/** A running gateway, spoken to over HTTP with the library's own types. Every method throws only GatewayErrors. */
export interface Client {
  /**
   * Sends one event; resolves once the gateway has committed it.
   *
   * @throws GatewayError with `idempotencyKeys` where the event may be accepted all the same and its key was made here
   */
  send(event: EventInput): Promise<Acceptance>
  /**
   * Sends up to 1,000 events, which are accepted all or none.
   *
   * @throws GatewayError with `idempotencyKeys`, in the order of the events, where they may be accepted all the same and
   * keys were made here. To repeat the call with them makes no second card
   */
  sendMany(events: readonly EventInput[]): Promise<readonly Acceptance[]>
  readonly notifications: {
    /** Lists notifications, the newest first; 50 unless `limit` says otherwise. */
    list(query?: Partial<NotificationQuery>): Promise<NotificationPage>
    /** @throws GatewayError `not_found` */
    get(id: string): Promise<NotificationDetail>
    /** Sends a failed notification again. @throws GatewayError `not_found`, `not_replayable` */
    replay(id: string): Promise<NotificationView>
  }
  readonly silences: {
    /**
     * Makes a silence or a maintenance window. One that is active at once also keeps back what waits already.
     *
     * @throws GatewayError `invalid_silence`
     */
    create(silence: SilenceInput): Promise<SilenceDetail>
    /** Lists silences, the newest first; 50 unless `limit` says otherwise. */
    list(query?: Partial<SilenceQuery>): Promise<SilencePage>
    /** @throws GatewayError `not_found` */
    get(id: string): Promise<SilenceDetail>
    /** Ends a silence before its time. @throws GatewayError `not_found`, `silence_over` */
    end(id: string): Promise<SilenceView>
  }
  /** Every channel with its budget, backlog and breaker. */
  channels(): Promise<readonly ChannelView[]>
}

/**
 * Makes a client of a running gateway.
 *
 * Events without an idempotency key get one, so that a request whose answer was lost can be repeated: the gateway
 * gives the first answer again, and no second card appears.
 *
 * @example
 * ```ts
 * import { createClient } from 'claimlinc-teams'
 *
 * const gateway = createClient({ url: 'http://127.0.0.1:8080' })
 * await gateway.send({ eventType: 'backup.failed', data: { subject: 'claims-db', description: 'No backup' } })
 * ```
 *
 * @param options - The address, and the token where TEAMS_API_TOKENS is set; the timeout is in milliseconds.
 * @throws GatewayError `invalid_request` for a URL or token that can not be used.
 */
export function createClient(options: ClientOptions): Client {
  const requests = createRequests(options)

  async function send(events: readonly EventInput[], single: boolean): Promise<readonly Acceptance[]> {
    const keys = events.map(({ idempotencyKey }) => (idempotencyKey === undefined ? randomUUID() : undefined))
    const wire = events.map((event, index) => keyedEvent(event, keys[index], single ? '' : `events[${index}].`))
    const body = written(single ? wire[0] : wire, single)
    // An earlier try may have been accepted where the last one was not even connected.
    let mayBeAccepted = false
    const onFailure = (error: GatewayError) => {
      mayBeAccepted ||= leavesOpen(error)
    }
    try {
      const answer = await requests.send({ method: 'POST', path: '/v1/events', body, repeatable: true, onFailure })
      return requests.read(acceptancesWire, answer).events
    } catch (error) {
      if (!(error instanceof GatewayError) || !(mayBeAccepted || leavesOpen(error))) throw error
      throw withKeys(error, keys, single)
    }
  }

  return {
    async send(event) {
      const [acceptance] = await send([event], true)
      if (acceptance) return acceptance
      throw new GatewayError('gateway_unreachable', [
        { at: 'events', found: 'an answer without an event', expected: 'one event' },
      ])
    },
    sendMany: async (events) => (events.length === 0 ? [] : send(events, false)),
    notifications: {
      async list(query = {}) {
        const path = `/v1/notifications${queryOf(query)}`
        return requests.read(notificationPageWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async get(id) {
        const path = `/v1/notifications/${encodeURIComponent(id)}`
        return requests.read(notificationDetailWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async replay(id) {
        // Not repeated: the first try may have worked, and the second would then say that there is nothing to replay.
        const path = `/v1/notifications/${encodeURIComponent(id)}/replay`
        return requests.read(notificationWire, await requests.send({ method: 'POST', path, repeatable: false }))
      },
    },
    silences: {
      async create(silence) {
        // Not repeated: where an answer was lost, a second silence would be made.
        const body = writtenSilence(silence)
        const answer = await requests.send({ method: 'POST', path: '/v1/silences', body, repeatable: false })
        return requests.read(silenceDetailWire, answer)
      },
      async list(query = {}) {
        const path = `/v1/silences${queryOf(query)}`
        return requests.read(silencePageWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async get(id) {
        const path = `/v1/silences/${encodeURIComponent(id)}`
        return requests.read(silenceDetailWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async end(id) {
        // Not repeated: the first try may have worked, and the second would then say that it is over already.
        const path = `/v1/silences/${encodeURIComponent(id)}/end`
        return requests.read(silenceWire, await requests.send({ method: 'POST', path, repeatable: false }))
      },
    },
    async channels() {
      const answer = await requests.send({ method: 'GET', path: '/v1/channels', repeatable: true })
      return requests.read(channelsWire, answer).channels
    },
  }
}

/** Errors after which the event may be accepted all the same. */
const MAY_BE_ACCEPTED: readonly ErrorCode[] = ['gateway_unreachable', 'commit_unknown', 'internal']

/** Whether the event may be accepted although a try ended with this error. */
function leavesOpen(error: GatewayError): boolean {
  return MAY_BE_ACCEPTED.includes(error.code) && mayHaveBeenSent(error)
}

/**
 * The error with the keys that were made here: with other ones, the events would be accepted a second time. Each is named
 * among the problems too, because the message is often all that a log keeps.
 */
function withKeys(error: GatewayError, keys: readonly (string | undefined)[], single: boolean): GatewayError {
  const named = keys.flatMap((key, index): Problem[] =>
    key === undefined
      ? []
      : [
          {
            at: single ? 'idempotencyKey' : `events[${index}].idempotencyKey`,
            found: `the key ${key} of this try`,
            expected: 'the same when it is sent again',
          },
        ],
  )
  if (named.length === 0) return error
  return new GatewayError(error.code, [...error.problems, ...named], { cause: error, idempotencyKeys: keys })
}

function keyedEvent(event: EventInput, key: string | undefined, prefix: string): Record<string, unknown> {
  const { occurredAt } = event
  if (occurredAt instanceof Date && Number.isNaN(occurredAt.getTime()))
    throw new GatewayError('invalid_event', [
      { at: `${prefix}occurredAt`, found: 'a date that is none', expected: 'a valid date' },
    ])
  return { ...(key === undefined ? {} : { idempotency_key: key }), ...eventToWire(event) }
}

/** @throws GatewayError `invalid_event` for what JSON would lose, and for a circle. */
function written(value: unknown, single: boolean): string {
  const { losses, write } = createLossFinder()
  let text: string
  try {
    text = JSON.stringify(value, function (this: unknown, key: string, item: unknown) {
      return write(this, key, item)
    })
  } catch {
    // The engine's message may quote names of fields.
    throw new GatewayError('invalid_event', [
      { at: 'data', found: `${describeValue(value)} that JSON can not write`, expected: 'what JSON can write' },
    ])
  }
  if (losses.length === 0) return text
  throw new GatewayError(
    'invalid_event',
    losses.map(({ path, ...loss }) => ({ at: fieldOf(single ? [0, ...path] : path, single), ...loss })),
  )
}

/** The field of the data that a path leads to; keys below it are the caller's own and may name a patient. */
function fieldOf([index, ...names]: readonly (string | number)[], single: boolean): string {
  return [...(single ? [] : [`events[${index}]`]), ...names.slice(0, 2)].join('.')
}

function writtenSilence(silence: SilenceInput): string {
  for (const name of ['startsAt', 'endsAt'] as const) {
    const time = silence[name]
    if (time instanceof Date && Number.isNaN(time.getTime()))
      throw new GatewayError('invalid_silence', [{ at: name, found: 'a date that is none', expected: 'a valid date' }])
  }
  return JSON.stringify(silenceToWire(silence))
}

function queryOf(query: Partial<NotificationQuery | SilenceQuery>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(z.record(z.string(), z.unknown()).parse(query)))
    if (value !== undefined)
      parameters.set(snakeName(name), value instanceof Date ? value.toISOString() : String(value))
  return parameters.size === 0 ? '' : `?${parameters}`
}
