import { type Kysely, sql } from 'kysely'
import { expect, it } from 'vitest'
import { ESCALATION_COLUMNS } from '../../src/audit/verify/escalation-rows.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { createTimers } from '../../src/escalation/create-timers.ts'
import { endResolved, tick } from '../../src/escalation/tick.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import type { Tables } from '../../src/store/tables.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { startedStore } from '../services/stores.ts'
import { escalationOf, minutesAfter, type World, worldOn } from './setup.ts'

const ROWS = (db: Kysely<Tables>) => Array.fromAsync(verifyRows(db))

/** Escalations in every state, with every kind of entry. */
async function live({ db, options, send }: World): Promise<string> {
  const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
  const sealed = await send({ eventType: 'vault.seal.detected', correlationId: 'v-1' })
  await send({ eventType: 'vault.unseal.complete', correlationId: 'v-1' })
  const { since } = await escalationOf(db, id)
  const at = (minutes: number) => createTimers({ ...options, now: () => minutesAfter(since, minutes) })
  await endResolved(db, minutesAfter(since, 1), options)
  await tick(db, minutesAfter(since, 5), options)
  await inTransaction(db, (transaction) => at(6).acknowledged(transaction, [id, sealed]))
  await tick(db, minutesAfter(since, 52), options)
  await tick(db, minutesAfter(since, 66), options)
  await inTransaction(db, (transaction) => at(67).acknowledged(transaction, [id]))
  await inTransaction(db, (transaction) => at(68).resumed(transaction, [id]))
  await inTransaction(db, (transaction) => at(69).climb(transaction, id))
  return id
}

/** Verifies after statements that are rolled back; each changes one row. */
async function tampered(db: Kysely<Tables>, ...statements: readonly string[]) {
  let found: Awaited<ReturnType<typeof ROWS>> = []
  const away = db.transaction().execute(async (transaction) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
    for (const statement of statements) {
      const { numAffectedRows } = await sql.raw(statement).execute(transaction)
      expect(numAffectedRows, statement).toBe(1n)
    }
    found = await ROWS(transaction)
    throw new Error('away')
  })
  await expect(away).rejects.toThrow('away')
  return found.map((one) => ('note' in one ? one : { code: one.code, ...one.row }))
}

it('rows of escalations and of their tiers are as their entries say, and each edit is found', async () => {
  const world = await worldOn(await startedStore('postgres'))
  const { db } = world
  const id = await live(world)
  expect(await inReadSnapshot(db, ROWS)).toEqual([])

  const edits: Readonly<Record<string, string>> = {
    policy: "'quiet'",
    state: "'acknowledged'",
    reason: "'resolved'",
    tier: '1',
    round: '3',
    since: "since + interval '1 day'",
    next_at: "next_at + interval '1 day'",
    held_by: "'working_week'",
    ack_expires_at: 'now()',
    reminded_at: 'now()',
    ended_at: 'now()',
    salt: 'NULL',
    plan: `jsonb_set(plan, '{tiers,2,channels}', '["pmo"]')`,
  }
  expect(Object.keys(edits).sort()).toEqual([...Object.keys(ESCALATION_COLUMNS), 'plan'].sort())
  for (const [column, value] of Object.entries(edits)) {
    // The table refuses an end without its time, and one that is due.
    const more = column === 'ended_at' ? ", state = 'ended', next_at = NULL" : ''
    const found = await tampered(
      db,
      `UPDATE teams_escalations SET ${column} = ${value}${more} WHERE event_id = '${id}'`,
    )
    expect(found, column).toContainEqual({ code: 'row_differs', table: 'teams_escalations', id, column })
  }
  expect(await tampered(db, `DELETE FROM teams_escalations WHERE event_id = '${id}'`)).toEqual([
    { code: 'entry_not_backed', table: 'teams_escalations', id },
  ])
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM teams_notifications WHERE event_id = ${id}::uuid AND escalation_step = 3`.execute(db)
  const card = rows[0]?.id ?? ''
  expect(await tampered(db, `UPDATE teams_notifications SET escalation_step = 2 WHERE id = '${card}'`)).toEqual([
    { code: 'row_differs', table: 'teams_notifications', id: card, column: 'escalation_step' },
  ])
  expect(await tampered(db, `DELETE FROM teams_notifications WHERE id = '${card}'`)).toEqual([
    { code: 'entry_not_backed', table: 'teams_notifications', id: card },
  ])
})
