import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { ServedGateway } from '../../src/app/serve.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

/** Two cards a second, three at once, and no more than a second of it may wait: a storm of seconds. */
const STORMY = {
  TEAMS_RATE_LIMIT_REQUESTS: 2,
  TEAMS_RATE_LIMIT_PERIOD: 1,
  TEAMS_RATE_LIMIT_BURST: 3,
  TEAMS_DIGEST_AFTER: 2,
  TEAMS_DIGEST_URGENT: 10,
}

const claim = (payer: string, overrides: UncheckedEvent = {}): UncheckedEvent => ({
  eventType: 'nphies.claim.submitted',
  data: { claim_id: 'CLM-1', provider: 'p', payer, total_amount: 1 },
  stakeholders: ['sre'],
  ...overrides,
})

interface Row {
  id: string
  event_type: string
  priority: string
  state: string
  digest_id: string | null
}

const rowsOf = async (gateway: ServedGateway) =>
  (
    await sql<Row>`SELECT id, event_type, priority, state, digest_id FROM teams_notifications ORDER BY created_at, id`.execute(
      gateway.wired.database.kysely as Kysely<unknown>,
    )
  ).rows

/** Waits until every notification has its card, or stands in a digest that has. */
async function represented(gateway: ServedGateway): Promise<Row[]> {
  for (;;) {
    const rows = await rowsOf(gateway)
    const accepted = new Set(rows.filter(({ state }) => state === 'accepted').map(({ id }) => id))
    if (rows.every((row) => accepted.has(row.id) || (row.state === 'digested' && accepted.has(row.digest_id ?? ''))))
      return rows
    await setTimeout(50)
  }
}

const cards = (gateway: ServedGateway) => gateway.wired.sandbox?.model.messages('sre') ?? []
const digestData = async (gateway: ServedGateway, rows: readonly Row[]) =>
  Promise.all(
    rows
      .filter(({ event_type }) => event_type === 'gateway.digest')
      .map(async ({ id }) => ({ id, ...(await gateway.wired.service.getNotification(id, 'test')).data })),
  )

describe.each(['embedded', 'postgres'] as const)('a storm on %s', (kind) => {
  it('becomes a few digests that list their members, while urgent notifications stay single', async () => {
    const gateway = await serveQuick(await startedStore(kind), STORMY)
    const { service } = gateway.wired
    for (let batch = 0; batch < 5; batch++)
      await service.accept(
        Array.from({ length: 60 }, (_, i) => claim(i % 3 === 0 ? 'Bupa' : 'Tawuniya')),
        'test',
      )
    const [urgent] = await service.accept([{ ...claim('Bupa'), priority: 'CRITICAL', correlationId: 'urgent' }], 'test')
    const rows = await represented(gateway)
    const digests = await digestData(gateway, rows)
    expect(rows.filter(({ state }) => state === 'digested').length).toBeGreaterThanOrEqual(250)
    // The rest that was sent singly, the urgent one, and the digests.
    expect(cards(gateway).length).toBeLessThanOrEqual(30)
    expect(cards(gateway)).toHaveLength(rows.filter(({ state }) => state === 'accepted').length)
    expect(rows.find(({ id }) => id === urgent?.notifications[0]?.id)).toMatchObject({ state: 'accepted' })
    for (const { id, ...digest } of digests) {
      const members = rows.filter(({ digest_id }) => digest_id === id).length
      expect(digest).toMatchObject({
        count: members,
        component: 'nphies.claim.submitted',
        group_by: 'payer',
        event_types: [{ label: 'nphies.claim.submitted', count: members }],
        digest_id: id,
      })
    }
    const total = digests.flatMap((digest) => (digest as unknown as { groups: { count: number }[] }).groups)
    expect(total.reduce((sum, { count }) => sum + count, 0)).toBe(
      rows.filter(({ state }) => state === 'digested').length,
    )
  })

  it('of urgent notifications makes a digest of 40 with one fingerprint, and single cards of three', async () => {
    const gateway = await serveQuick(await startedStore(kind), STORMY)
    const seal = (node: string): UncheckedEvent => ({
      eventType: 'vault.seal.detected',
      data: { node },
      stakeholders: ['sre'],
    })
    await gateway.wired.service.accept(
      Array.from({ length: 40 }, (_, i) => seal(`node-${i}`)),
      'test',
    )
    await gateway.wired.service.accept(
      Array.from({ length: 3 }, () => ({ ...seal('n'), eventType: 'vault.audit.disabled' })),
      'test',
    )
    const rows = await represented(gateway)
    expect(rows.filter(({ event_type }) => event_type === 'vault.audit.disabled').map(({ state }) => state)).toEqual([
      'accepted',
      'accepted',
      'accepted',
    ])
    const digests = await digestData(gateway, rows)
    expect(digests).toMatchObject([{ component: 'vault.seal.detected', group_by: 'node' }])
    expect(rows.find(({ event_type }) => event_type === 'gateway.digest')?.priority).toBe('CRITICAL')
  })

  it('of more fingerprints than there may be cards makes a digest of several event types, counted by type', async () => {
    const gateway = await serveQuick(await startedStore(kind), {
      ...STORMY,
      TEAMS_RATE_LIMIT_REQUESTS: 1,
      TEAMS_RATE_LIMIT_BURST: 1,
    })
    const kinds = [
      'vault.unseal.complete',
      'deployment.completed',
      'project.milestone.reached',
      'nphies.claim.approved',
    ]
    const data = { node: 'n', component: 'c', summary: 's', claim_id: 'C', approved_amount: 1 }
    await gateway.wired.service.accept([claim('first')], 'test')
    await gateway.wired.service.accept(
      kinds.flatMap((eventType) => [1, 2].map(() => ({ eventType, data, stakeholders: ['sre'] }))),
      'test',
    )
    const digests = await digestData(gateway, await represented(gateway))
    const shared = digests.find((digest) => (digest as { component?: unknown }).component === 'several')
    expect(shared).toMatchObject({ groups: [] })
    expect((shared as unknown as { event_types: unknown[] }).event_types.length).toBeGreaterThanOrEqual(3)
  })

  it('is over when the backlog fits the budget: then each notification has its own card', async () => {
    const gateway = await serveQuick(await startedStore(kind), STORMY)
    await gateway.wired.service.accept(
      Array.from({ length: 50 }, () => claim('Bupa')),
      'test',
    )
    await represented(gateway)
    const before = (await rowsOf(gateway)).length
    const [late] = await gateway.wired.service.accept([claim('Bupa')], 'test')
    const rows = await represented(gateway)
    expect(rows).toHaveLength(before + 1)
    expect(rows.find(({ id }) => id === late?.notifications[0]?.id)?.state).toBe('accepted')
  })
})
