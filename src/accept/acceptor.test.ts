import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { expect, it } from 'vitest'
import { systemClock } from '../kernel/clock.ts'
import { loadRegistry } from '../registry/load.ts'
import type { Tables } from '../store/tables.ts'
import { createAcceptor } from './acceptor.ts'

const registry = loadRegistry({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })

/** A database that takes every statement and has nothing: what lets others have a turn is then the acceptor alone. */
const nowhere = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

const acceptor = createAcceptor({
  registry,
  phiPolicy: 'mask',
  keyTtl: 60,
  repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
  clock: systemClock,
  wake: async () => {},
})

it.each(['\n', '\r', '\u0000', '\u001b[31m', '\u0085', '\u2028', '\u2029'])(
  'takes no id with %j, after which somebody might read a log line of its own',
  (end) => {
    const id = `a${end}{"level":"error"}`
    const event = { eventType: 'vault.seal.detected', data: { node: 'n' } }
    expect(() => acceptor.check([{ ...event, correlationId: id }])).toThrow(/correlationId: found text/)
    expect(() => acceptor.check([{ ...event, idempotencyKey: id }])).toThrow(/idempotencyKey: found text/)
  },
)

it('lets others have a turn while it looks for patient data in a full request', async () => {
  // One character that is eighteen letters once it is folded: no text takes longer to look through.
  const data = { payer: 'p', status: 's', patient_id: 'P123456789', note: '\uFDFA'.repeat(30_000) }
  let turns = 0
  let over = false
  const count = () => {
    turns += 1
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  const checked = acceptor.check(Array(10).fill({ eventType: 'nphies.eligibility.denied', data }))
  // It ends where the database does not say when the events were written.
  await expect(acceptor.accept(nowhere, checked, 'test')).rejects.toThrow('did not say when')
  over = true
  expect(turns).toBeGreaterThanOrEqual(9)
})
