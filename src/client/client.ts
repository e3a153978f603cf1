import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  type ActionAnswer,
  type ActionQuery,
  type ActionRequest,
  type ActionView,
  actionPageWire,
  actionWire,
} from '../contract/actions.ts'
import { actionAnswerWire, actionToWire, uncheckedOf } from '../contract/actions-request.ts'
import {
  type ArchivedDetail,
  type ArchivePage,
  type ArchiveQuery,
  archivedDetailWire,
  archivePageWire,
  type RewrapStep,
  rewrapStepWire,
} from '../contract/archive.ts'
import { type AuditEntryPage, type AuditEntryQuery, auditEntryPageWire } from '../contract/audit.ts'
import { type ChannelView, channelsWire } from '../contract/channels.ts'
import { type EscalationPage, type EscalationQuery, escalationPageWire } from '../contract/escalations.ts'
import { type Acceptance, acceptancesWire, type EventInput } from '../contract/events.ts'
import { type HeartbeatView, heartbeatsWire, heartbeatWire, type Ping } from '../contract/heartbeats.ts'
import type { NotificationQuery } from '../contract/notification-query.ts'
import {
  type NotificationDetail,
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
  silenceWire,
} from '../contract/silences.ts'
import { type SourceView, sourcesWire } from '../contract/sources.ts'
import { type Stats, type StatsPeriod, statsWire } from '../contract/stats.ts'
import type { ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { eventsJson, eventWithKey, queryOf, silenceJson } from './encode.ts'
import { createRequests, type RequestOptions } from './requests.ts'
import { mayHaveBeenSent } from './unreachable.ts'

/** Address, token and request options of a {@link Client}. */
export interface ClientOptions extends RequestOptions {}

/** A page of notifications. */
export interface NotificationPage {
  readonly notifications: readonly NotificationView[]
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null
}

/** A page of silences. */
export interface SilencePage {
  readonly silences: readonly SilenceView[]
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null
}

/** A page of actions. */
export interface ActionsPage {
  readonly actions: readonly ActionView[]
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null
}

/** A running gateway over HTTP, with the types of the library. Methods throw only GatewayErrors. */
export interface Client {
  /**
   * Sends one event; resolves once the gateway has committed it.
   *
   * @throws GatewayError with `idempotencyKeys` where the event may have been accepted despite the error and this client
   * made its key
   */
  send(event: EventInput): Promise<Acceptance>
  /**
   * Sends up to 1,000 events; the gateway accepts all or none.
   *
   * @throws GatewayError with `idempotencyKeys`, in the order of the events, where they may have been accepted despite the
   * error and this client made keys. Repeating the call with these keys makes no second card
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
     * Makes a silence or a maintenance window. One that is active at once also suppresses notifications that wait
     * already.
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
  readonly actions: {
    /**
     * Does an action, or says why not: `state` and `result` of the answer. The client makes an idempotency key where there is none,
     * so that it can repeat a request whose answer was lost.
     *
     * @param person whom the caller acts for, and vouches for with its token; the caller itself if absent
     * @throws GatewayError `invalid_action`, `not_found`, `several_events`, `action_key_reused`
     */
    act(request: ActionRequest, person?: { readonly id: string; readonly name?: string }): Promise<ActionAnswer>
    /** Lists actions, the newest first; 50 unless `limit` says otherwise. */
    list(query?: Partial<ActionQuery>): Promise<ActionsPage>
    /** @throws GatewayError `not_found` */
    get(id: string): Promise<ActionView>
  }
  readonly escalations: {
    /** Lists escalations, the next one due first; 50 unless `limit` says otherwise. */
    list(query?: Partial<EscalationQuery>): Promise<EscalationPage>
  }
  /** Figures of a period, the last 24 hours if none is given. */
  stats(period?: Partial<StatsPeriod>): Promise<Stats>
  readonly archive: {
    /** Lists archived records, the newest first; 50 unless `limit` says otherwise. */
    list(query?: Partial<ArchiveQuery>): Promise<ArchivePage>
    /** Decrypts one; the audit trail records who did. @throws GatewayError `not_found`, `archive_key_missing`, `archive_damaged` */
    get(id: string): Promise<ArchivedDetail>
    /**
     * Wraps the data keys of the next records with the newest archive key. Call it again with the cursor of the answer.
     *
     * @throws GatewayError `invalid_settings` where no key is set
     */
    rewrap(cursor?: string): Promise<RewrapStep>
  }
  readonly audit: {
    /** Lists entries of the audit trail, in the order of their trees; 50, or 5,000 with `raw`, unless `limit` says otherwise. */
    entries(query?: Partial<AuditEntryQuery>): Promise<AuditEntryPage>
    /** The newest signed checkpoint, a signed note. @throws GatewayError `audit_not_signed`, `not_found` */
    checkpoint(origin?: string): Promise<string>
    /** The proof file of one entry. @throws GatewayError `audit_not_signed`, `audit_not_intact`, `not_found` */
    proof(index: number, origin?: string): Promise<string>
  }
  /** Every channel with its budget, backlog and breaker. */
  channels(): Promise<readonly ChannelView[]>
  /** Every outside system that the gateway watches: whether it is seen, and what is open. */
  sources(): Promise<readonly SourceView[]>
  readonly heartbeats: {
    /**
     * Reports the start, the success or the failure of a job that has to happen regularly. A failure without a run id is not repeated
     * after a lost answer: it could count twice.
     *
     * @throws GatewayError `not_found`
     */
    ping(name: string, ping: Ping): Promise<HeartbeatView>
    /** Lists the heartbeats of the configuration: how each stands. */
    list(): Promise<readonly HeartbeatView[]>
  }
}

/**
 * Makes a client of a running gateway.
 *
 * The client adds an idempotency key to events without one, so that it can repeat a request whose answer was lost: the
 * gateway repeats its first answer, and no second card appears.
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
    const wire = events.map((event, index) => eventWithKey(event, keys[index], single ? '' : `events[${index}].`))
    const body = eventsJson(single ? wire[0] : wire, single)
    // Collected over all tries: the first may have been accepted although the last did not connect.
    let mayBeAccepted = false
    const onFailure = (error: GatewayError) => {
      mayBeAccepted ||= mayBeAcceptedAfter(error)
    }
    try {
      const answer = await requests.send({ method: 'POST', path: '/v1/events', body, repeatable: true, onFailure })
      return requests.read(acceptancesWire, answer).events
    } catch (error) {
      if (!(error instanceof GatewayError) || !(mayBeAccepted || mayBeAcceptedAfter(error))) throw error
      throw withKeys(error, keys, single)
    }
  }

  async function getText(path: string): Promise<string> {
    return requests.read(z.string(), await requests.send({ method: 'GET', path, repeatable: true, text: true }))
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
        // Not repeated: after a first try that succeeded, the second would get `not_replayable`.
        const path = `/v1/notifications/${encodeURIComponent(id)}/replay`
        return requests.read(notificationWire, await requests.send({ method: 'POST', path, repeatable: false }))
      },
    },
    silences: {
      async create(silence) {
        // Not repeated: after a first try that succeeded, the second would make a second silence.
        const body = silenceJson(silence)
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
        // Not repeated: after a first try that succeeded, the second would get `silence_over`.
        const path = `/v1/silences/${encodeURIComponent(id)}/end`
        return requests.read(silenceWire, await requests.send({ method: 'POST', path, repeatable: false }))
      },
    },
    actions: {
      async act(request, person) {
        const keyed = { ...request, idempotencyKey: request.idempotencyKey ?? randomUUID() }
        const body = JSON.stringify({
          ...actionToWire(uncheckedOf(keyed)),
          ...(person === undefined ? {} : { actor: person }),
        })
        const answer = await requests.send({ method: 'POST', path: '/v1/actions', body, repeatable: true })
        return requests.read(actionAnswerWire, answer)
      },
      async list(query = {}) {
        const path = `/v1/actions${queryOf(query)}`
        return requests.read(actionPageWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async get(id) {
        const path = `/v1/actions/${encodeURIComponent(id)}`
        return requests.read(actionWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
    },
    escalations: {
      async list(query = {}) {
        const path = `/v1/escalations${queryOf(query)}`
        return requests.read(escalationPageWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
    },
    async stats(period = {}) {
      const path = `/v1/stats${queryOf(period)}`
      return requests.read(statsWire, await requests.send({ method: 'GET', path, repeatable: true }))
    },
    archive: {
      async list(query = {}) {
        const path = `/v1/archive${queryOf(query)}`
        return requests.read(archivePageWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async get(id) {
        const path = `/v1/archive/${encodeURIComponent(id)}`
        return requests.read(archivedDetailWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      async rewrap(cursor) {
        const path = `/v1/archive-keys/rewrap${queryOf({ cursor })}`
        return requests.read(rewrapStepWire, await requests.send({ method: 'POST', path, repeatable: true }))
      },
    },
    audit: {
      async entries(query = {}) {
        const path = `/v1/audit/entries${queryOf(query)}`
        return requests.read(auditEntryPageWire, await requests.send({ method: 'GET', path, repeatable: true }))
      },
      checkpoint: (origin) => getText(`/v1/audit/checkpoint${queryOf({ origin })}`),
      proof: (index, origin) => getText(`/v1/audit/proof/${index}${queryOf({ origin })}`),
    },
    async channels() {
      const answer = await requests.send({ method: 'GET', path: '/v1/channels', repeatable: true })
      return requests.read(channelsWire, answer).channels
    },
    async sources() {
      const answer = await requests.send({ method: 'GET', path: '/v1/sources', repeatable: true })
      return requests.read(sourcesWire, answer).sources
    },
    heartbeats: {
      async ping(name, { signal, exitCode, runId, output }) {
        const path = `/v1/heartbeats/${encodeURIComponent(name)}${queryOf({ state: signal, exitCode, runId })}`
        const body = output === undefined ? {} : ({ body: output.toString('utf8'), bodyType: 'text/plain' } as const)
        const repeatable = signal !== 'failure' || runId !== undefined
        return requests.read(heartbeatWire, await requests.send({ method: 'POST', path, repeatable, ...body }))
      },
      async list() {
        const answer = await requests.send({ method: 'GET', path: '/v1/heartbeats', repeatable: true })
        return requests.read(heartbeatsWire, answer).heartbeats
      },
    },
  }
}

/** Codes of errors after which the gateway may have accepted the events. */
const MAY_BE_ACCEPTED_CODES: readonly ErrorCode[] = ['gateway_unreachable', 'commit_unknown', 'internal']

/** True where the gateway may have accepted the events of a try that ended with this error. */
function mayBeAcceptedAfter(error: GatewayError): boolean {
  return MAY_BE_ACCEPTED_CODES.includes(error.code) && mayHaveBeenSent(error)
}

/**
 * The error with the idempotency keys that this client made: with other keys, a repeated call would make second cards.
 * Each key is also one of the problems, since logs often contain only the message.
 */
function withKeys(error: GatewayError, keys: readonly (string | undefined)[], single: boolean): GatewayError {
  const keyProblems = keys.flatMap((key, index): Problem[] =>
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
  if (keyProblems.length === 0) return error
  return new GatewayError(error.code, [...error.problems, ...keyProblems], { cause: error, idempotencyKeys: keys })
}
