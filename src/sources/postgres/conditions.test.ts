import { describe, expect, it } from 'vitest'
import type { PostgresDefinition } from '../../catalogue/source-definitions.ts'
import { absentOf, conditionsOf } from './conditions.ts'
import type { Figures } from './statements.ts'

const DEFINITION: PostgresDefinition = {
  name: 'claims_db',
  kind: 'postgres',
  intervalMs: 30_000,
  blindAfterMs: 60_000,
  openAfterMs: 0,
  closeAfterMs: 0,
  host: 'db',
  port: 5432,
  database: 'postgres',
  user: 'monitor',
  tls: 'off',
  caFile: undefined,
  connections: 0.9,
  lagBytes: 1_000,
  lagSeconds: 60,
  replicas: 1,
  slotBytes: 1_000,
  transactionSeconds: 60,
  idleSeconds: 60,
}

type Replica = Figures['replicas'][number]
const replica = (given: Partial<Replica> = {}): Replica => ({
  name: 'replica-1',
  address: '10.0.0.1',
  physical: true,
  streaming: true,
  bytes: 0,
  seconds: 0,
  ...given,
})
const figures = (given: Partial<Figures>): Figures => ({
  version: '17.2',
  may: true,
  recovery: false,
  max: 100,
  used: 1,
  replicas: [replica()],
  slots: [],
  standby: null,
  long: null,
  idle: null,
  ...given,
})
const seen = (given: Partial<Figures>) =>
  conditionsOf(figures(given), DEFINITION).map(({ finding, subject }) => [finding, subject])
const lag = (subject: string) => ({ finding: 'lag', subject, since: '2026-11-30T10:00:00.000Z', open: true })

describe('conditions of a PostgreSQL server', () => {
  it('have the subject of a replica by its own name and address, whatever other replicas there are', () => {
    const late = replica({ bytes: 5_000 })
    const unnamed = replica({ name: 'walreceiver', bytes: 5_000 })
    const other = replica({ name: 'walreceiver', address: '10.0.0.2' })
    expect(seen({ replicas: [late, other] })).toEqual([['lag', 'replica-1']])
    expect(seen({ replicas: [unnamed, other] })).toEqual([['lag', 'walreceiver 10.0.0.1']])
    expect(seen({ replicas: [unnamed] })).toEqual([['lag', 'walreceiver 10.0.0.1']])
  })

  it('have the replica that is furthest behind where two have one name', () => {
    const [condition, ...others] = conditionsOf(
      figures({ replicas: [replica({ bytes: 9_000 }), replica({ bytes: 5_000 })] }),
      DEFINITION,
    )
    expect(others).toEqual([])
    expect(condition?.says.data.value).toBe(9_000)
  })

  it('do not tell of a replica that is gone whether it has caught up', () => {
    const absent = absentOf(figures({ replicas: [] }))
    expect(absent(lag('replica-1'))).toBe(true)
    expect(absentOf(figures({}))(lag('replica-1'))).toBe(false)
    // Of the server's own lag, of those beyond the limit, and after a failover, the look says it.
    expect([absent(lag('')), absent(lag('…')), absent({ ...lag(''), finding: 'slot' })]).toEqual([false, false, false])
    expect(absentOf(figures({ replicas: [], recovery: true }))(lag('replica-1'))).toBe(false)
  })

  it('count no receiver as a replica that replays nothing, as a backup', () => {
    const backup = replica({ name: 'barman', bytes: null, seconds: null })
    expect(seen({ replicas: [backup] })).toEqual([['replicas', '']])
    expect(seen({ replicas: [backup, replica()] })).toEqual([])
  })
})
