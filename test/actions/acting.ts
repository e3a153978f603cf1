import { type Kysely, sql } from 'kysely'
import type { ActParts } from '../../src/actions/act.ts'
import { createActedCards } from '../../src/cards/acted-card.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { ActionRequest, Actor, UncheckedAction } from '../../src/contract/actions.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { makeDigests } from '../../src/delivery/digest.ts'
import type { EscalationTimers } from '../../src/escalation/timers.ts'
import { createActions } from '../../src/gateway/actions.ts'
import { createAcceptor } from '../../src/intake/acceptor.ts'
import { createPatientDataGuard } from '../../src/intake/patient-data/patient-data.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables.ts'

/** Timers of a gateway whose events do not climb. */
export const noEscalation: EscalationTimers = {
  start: async () => {},
  acknowledged: async () => [],
  resumed: async () => [],
  ended: async () => {},
  membersActed: async () => {},
  climb: async () => ({ called: false, why: 'no_policy' }),
}

const LIVES = { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 }

/** A person who signed in. */
export const person = (name: string, roles: readonly string[] = []): Actor => ({
  via: 'entra',
  id: `id-of-${name.toLowerCase()}`,
  name,
  verified: true,
  roles,
  relayedBy: null,
})

export const SARA = person('Sara')
export const OMAR = person('Omar')
export const TYPED: Actor = { via: 'typed', id: null, name: 'Somebody', verified: false, roles: [], relayedBy: null }

export const catalogueWith = (config: Parameters<typeof loadCatalogue>[0]['config'] = {}) =>
  loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 }, config })

/** The use cases of actions on a database, without an engine. */
export function actingOn(database: Database, overrides: Partial<ActParts> = {}) {
  const db = database.kysely
  const catalogue = overrides.catalogue ?? catalogueWith()
  const woken: string[] = []
  const enqueued: string[] = []
  const parts: ActParts = {
    catalogue,
    lives: LIVES,
    restoreWindow: 60,
    timers: noEscalation,
    providers: [],
    wake: async (_transaction, channels) => void woken.push(...channels),
    enqueue: async (_transaction, id) => void enqueued.push(id),
    followUp: async () => {},
    ...overrides,
  }
  const use = createActions({
    database,
    log: createLog('silent'),
    metrics: createMetrics(),
    actions: parts,
    actedCards: createActedCards({ catalogue, timeZone: 'Asia/Riyadh', maxBytes: 20_000 }),
    guard: createPatientDataGuard(catalogue.eventTypes.values(), 'mask'),
  })
  const acceptor = createAcceptor({
    catalogue,
    phiPolicy: 'mask',
    keyTtl: 60,
    repeats: { window: 300, acknowledged: LIVES },
    clock: systemClock,
    wake: async () => {},
  })

  /** Accepts one event; its notifications with its id. */
  async function accept(event: UncheckedEvent) {
    const [acceptance] = await acceptAll([event])
    if (!acceptance) throw new Error('no acceptance')
    const [first] = acceptance.notifications
    return { ...acceptance, notificationId: first?.id ?? '' }
  }

  const acceptAll = async (events: readonly UncheckedEvent[]) =>
    (
      await db
        .transaction()
        .execute(async (t) => acceptor.accept(t, await acceptor.protect(acceptor.check(events)), 'test'))
    ).acceptances

  /** Puts what waits in a channel with priority LOW into one digest; the notification of the digest. */
  async function digest(channelKey: string): Promise<string> {
    const channel = catalogue.channels.get(channelKey)
    if (!channel) throw new Error('no channel')
    await db
      .transaction()
      .execute((t) => makeDigests(t, catalogue, channel, 'ordinary', { atLeast: 2, cards: Number.POSITIVE_INFINITY }))
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM teams_notifications WHERE event_type = 'gateway.digest' ORDER BY id DESC LIMIT 1`.execute(db)
    return rows[0]?.id ?? ''
  }

  const act = ({ action, target, inputs = {}, idempotencyKey }: ActionRequest, actor: Actor = SARA) =>
    use.act({ action, ...target, ...inputs, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }, actor)

  const actUnchecked = (action: UncheckedAction) => use.act(action, SARA)

  return { ...use, act, actUnchecked, accept, acceptAll, digest, woken, enqueued, parts }
}

export const firing = (overrides: UncheckedEvent = {}): UncheckedEvent => ({
  eventType: 'prometheus.alert.firing',
  data: { component: 'api', summary: 'slow' },
  stakeholders: ['sre'],
  ...overrides,
})

/** A notification's columns that actions write. */
export interface ActedRow {
  readonly id: string
  readonly event_id: string
  readonly channel: string
  readonly state: string
  readonly acknowledged_by: string | null
  readonly acknowledged_at: Date | null
  readonly action_taken: string | null
  readonly action_data: Record<string, unknown> | null
  readonly quiet_until: Date | null
}

export async function rowsOf(db: Kysely<Tables>, eventIds: readonly string[]): Promise<readonly ActedRow[]> {
  const { rows } = await sql<ActedRow>`
    SELECT id, event_id, channel, state, acknowledged_by, acknowledged_at, action_taken, action_data, quiet_until
      FROM teams_notifications WHERE event_id = ANY(${[...eventIds]}::uuid[]) ORDER BY id`.execute(db)
  return rows
}

/** Changes rows as time, or a delivery, would. */
export const change = (db: Kysely<Tables>, id: string, set: ReturnType<typeof sql>) =>
  sql`UPDATE teams_notifications SET ${set} WHERE id = ${id}`.execute(db)
