import { type Kysely, sql } from 'kysely'
import { onTestFinished } from 'vitest'
import { type Wired, wire } from '../../src/app/wiring.ts'
import type { ConfigInput } from '../../src/catalogue/config-input.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import type { EscalationOptions, PagerCall } from '../../src/escalation/options.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Tables } from '../../src/store/tables.ts'
import type { Store } from '../services/stores.ts'

/** A gateway that only accepts, whose events climb, and what a test needs to call tiers by itself. */
export interface World {
  readonly wired: Wired
  readonly db: Kysely<Tables>
  readonly options: EscalationOptions
  /** Channels that were woken. */
  readonly woken: string[]
  readonly pagerAlerts: PagerCall[]
  /** What the services of pager alerts are to be told, as `resolve <event>`. */
  readonly told: string[]
  /** Sends an event and returns its id. */
  send(event: Partial<UncheckedEvent> & Pick<UncheckedEvent, 'eventType'>): Promise<string>
}

export const ACK_TTL = { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400, LOW: 86_400, INFO: 86_400 }

export async function worldOn(
  store: Store,
  given: {
    readonly config?: ConfigInput
    readonly pagers?: readonly string[]
    /** Channels without webhook URL, and pagers without key. */
    readonly noAddress?: readonly string[]
    /** TEAMS_ESCALATION; `on` if absent. */
    readonly escalation?: 'on' | 'off'
  } = {},
): Promise<World> {
  const wired = await wire({
    env: {},
    settings: { ...store, TEAMS_LOG_LEVEL: 'silent', TEAMS_ESCALATION: given.escalation ?? 'on' },
    ...(given.config === undefined ? {} : { config: given.config }),
    deliver: false,
  })
  onTestFinished(() => wired.stop())
  const woken: string[] = []
  const pagerAlerts: PagerCall[] = []
  const told: string[] = []
  const options: EscalationOptions = {
    catalogue: wired.catalogue,
    canSend: ({ key }) => !given.noAddress?.includes(key),
    pagers: new Set(given.pagers),
    canAlert: (name) => !given.noAddress?.includes(name),
    ackTtl: ACK_TTL,
    wake: async (_, channels) => void woken.push(...channels),
    callPagers: async (_, calls) => void pagerAlerts.push(...calls),
    tellPagers: async (_, eventIds, what) => void told.push(...eventIds.map((id) => `${what} ${id}`)),
    log: createLog('silent'),
    metrics: createMetrics(),
  }
  return {
    wired,
    db: wired.database.kysely,
    options,
    woken,
    pagerAlerts,
    told,
    async send(event) {
      const data = { component: 'queue', summary: 'full', node: 'v', task_name: 't', task_id: 'i', error: 'e' }
      const [acceptance] = await wired.service.accept([{ data, ...event } as UncheckedEvent], 'library')
      return acceptance?.eventId ?? ''
    },
  }
}

/** The escalation of an event; fails where it has none. */
export async function escalationOf(db: Kysely<Tables>, eventId: string) {
  return db.selectFrom('teams_escalations').selectAll().where('event_id', '=', eventId).executeTakeFirstOrThrow()
}

/** The notifications of an event as `tier channel state`, in the order in which they were made. */
export async function cardsOf(db: Kysely<Tables>, eventId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('teams_notifications')
    .select(['channel', 'state', 'escalation_step', 'escalation'])
    .where('event_id', '=', eventId)
    .orderBy('id')
    .execute()
  return rows.map(({ channel, state, escalation_step, escalation }) =>
    [escalation?.kind === 'reminder' ? 'reminder' : (escalation_step ?? 'own'), channel, state].join(' '),
  )
}

/** The kinds of an event's entries about its escalation, in their order. */
export async function entriesOf(db: Kysely<Tables>, eventId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ kind: string }>`
    SELECT convert_from(body, 'UTF8')::jsonb ->> 'kind' AS kind FROM teams_audit_entries
     WHERE subject = ${eventId}::uuid ORDER BY id`.execute(db)
  return rows.map(({ kind }) => kind).filter((kind) => kind.startsWith('escalation.'))
}

/** A time so many minutes after another. */
export const minutesAfter = (from: Date, minutes: number) => new Date(from.getTime() + minutes * 60_000)
