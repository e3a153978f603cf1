import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { expect, it } from 'vitest'
import type { ChannelState } from '../../src/store/claim.ts'
import { WHOLE_RECORD } from '../../src/store/months.ts'
import { recordAndClaim } from '../../src/store/record-and-claim.ts'
import type { Tables } from '../../src/store/tables.ts'
import { ensureChannels, takeTurn } from '../../src/store/turns.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'

const WELL: ChannelState = {
  tokens: 10,
  refilledAt: new Date(0),
  pausedUntil: undefined,
  breaker: 'closed',
  consecutiveFailures: 0,
  consecutivePauses: 0,
  failedProbes: 0,
  digestedAt: undefined,
}
const PAUSED: ChannelState = { ...WELL, pausedUntil: new Date('2030-01-01T00:00:00Z') }
const OPEN: ChannelState = { ...PAUSED, breaker: 'open' }

/** The breaker and the pause of each entry of a changed channel, in order. */
async function changesOf(db: Kysely<Tables>) {
  const { rows } = await sql<{ breaker: string; paused: boolean; outcome: string | null }>`
    SELECT fields ->> 'breaker' AS breaker, fields ->> 'paused_until' IS NOT NULL AS paused, fields ->> 'outcome' AS outcome
      FROM (SELECT id, convert_from(body, 'UTF8')::jsonb AS fields FROM teams_audit_entries) AS entries
     WHERE fields ->> 'kind' = 'channel.changed' ORDER BY id`.execute(db)
  return rows.map(({ breaker, paused, outcome }) => [breaker, paused, outcome])
}

it.each(KINDS)(
  'a step has an entry where it pauses, opens or closes the channel, and no other, on %s',
  async (kind) => {
    const database = await openMigrated(kind)
    const db = database.kysely
    const [channel, turn] = ['sre', randomUUID()]
    await ensureChannels(db, [{ key: channel, burst: 10 }])
    let before = (await takeTurn(db, channel, turn))?.state ?? WELL
    const save = async (state: ChannelState, last?: string) => {
      await recordAndClaim(db, channel, turn, {
        attemptRecords: [],
        state,
        knewRest: before.pausedUntil !== undefined,
        knewClosed: before.breaker === 'closed',
        last,
        claim: { limit: 0, probe: false, span: { from: new Date(0), to: new Date(0) } },
        tables: WHOLE_RECORD,
      })
      before = state
    }
    await save(WELL, 'accepted')
    await save({ ...WELL, tokens: 9 })
    expect(await changesOf(db)).toEqual([])
    await save(PAUSED, 'throttled')
    await save(PAUSED)
    await save(WELL)
    await save(OPEN, 'not_found')
    await save(OPEN)
    await save(WELL, 'accepted')
    await save(WELL)
    expect(await changesOf(db)).toEqual([
      ['closed', true, 'throttled'],
      ['closed', false, 'throttled'],
      ['open', true, 'not_found'],
      ['closed', false, 'accepted'],
    ])
    await database.close()
  },
)
