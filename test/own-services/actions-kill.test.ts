import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createSandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { type GatewayProcess, QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

/** Clicks at once at each replica: more are answered with gateway_busy, and sent again. */
const AT_ONCE = 12

interface Answer {
  readonly id: string
  readonly state: string
  readonly result: string | null
}

/** Asks for an action until a gateway has answered; undefined where the gateway is gone. */
async function act(gateway: GatewayProcess, body: object): Promise<Answer | undefined> {
  for (;;) {
    const answer = await fetch(`${gateway.origin}/v1/actions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => undefined)
    if (answer === undefined) return undefined
    const value = (await answer.json().catch(() => undefined)) as (Answer & { readonly code?: string }) | undefined
    if (answer.status === 200) return value
    if (value?.code !== 'gateway_busy') return undefined
  }
}

/** Does all tasks, so many at a time. */
async function inLanes<T>(tasks: readonly (() => Promise<T>)[], lanes: number): Promise<T[]> {
  const left = [...tasks.entries()]
  const results: T[] = []
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await next[1]()
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}

async function twoReplicas() {
  const teams = await createSandboxServer({ maxMessages: 10_000 })
  onTestFinished(() => teams.close())
  const store = await startedStore('postgres')
  const url = 'DATABASE_URL' in store ? store.DATABASE_URL : ''
  const webhooks = [...teams.addresses].map(([key, address]) => [`TEAMS_WEBHOOK_${key.toUpperCase()}`, address])
  const quick = Object.entries(QUICK).map(([name, value]) => [name, String(value)])
  const env = {
    ...Object.fromEntries([...quick, ...webhooks]),
    ...store,
    TEAMS_SANDBOX: 'off',
    TEAMS_SANDBOX_ORIGIN: teams.origin,
  }
  const start = () => spawnGateway(env)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  const database = await openPostgres({ url, pool: 2, log: createLog('silent') })
  onTestFinished(() => database.close())
  const send = async (gateway: GatewayProcess, events: readonly string[]) => {
    const answer = await fetch(`${gateway.origin}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        events.map((id) => ({
          event_type: 'vault.seal.detected',
          correlation_id: id,
          stakeholders: ['SRE', 'CloudOps'],
          data: { node: 'vault-1' },
        })),
      ),
    })
    expect(answer.status).toBe(202)
  }
  const verify = () => inReadSnapshot(database.kysely, async (transaction) => Array.fromAsync(verifyRows(transaction)))
  return { start, replicas: await Promise.all([start(), start()]), client, send, verify }
}

describe('actions at two replicas', () => {
  it('make one action of a thousand clicks on one button', async () => {
    const { replicas, client, send } = await twoReplicas()
    const [first, second] = replicas
    await send(first, ['one'])
    const clicks = Array.from({ length: 1_000 }, (_, index) => {
      const person = { id: `person-${index % 50}`, name: `Person ${index % 50}` }
      return () =>
        act(index % 2 === 0 ? first : second, { action: 'acknowledge', correlation_id: 'one', actor: person })
    })
    const answers = await inLanes(clicks, AT_ONCE * 2)
    expect(answers.filter((answer) => answer?.state === 'done')).toHaveLength(1)
    expect(answers.filter((answer) => answer?.result === 'already_acknowledged')).toHaveLength(999)
    const { rows } = await client.query(
      "SELECT count(*)::int AS done FROM teams_actions WHERE action = 'acknowledge' AND state = 'done'",
    )
    expect(rows).toEqual([{ done: 1 }])
  }, 120_000)

  it('are done exactly once each when a replica is killed among them and its callers ask again', async () => {
    const { start, replicas, client, send, verify } = await twoReplicas()
    const [first, second] = replicas
    const ids = Array.from({ length: 150 }, (_, index) => `event-${index}`)
    await send(first, ids)
    const request = (id: string) => ({
      action: 'acknowledge',
      correlation_id: id,
      idempotency_key: id,
      actor: { id: 'sara' },
    })
    let answered = 0
    let killed: Promise<void> | undefined
    const tries = ids.map((id) => async () => {
      const answer = await act(first, request(id))
      if (answer !== undefined) answered += 1
      if (answered === 40) killed ??= first.end('SIGKILL')
      return answer
    })
    const before = await inLanes(tries, AT_ONCE)
    await killed
    expect(before.some((answer) => answer === undefined)).toBe(true)
    const third = await start()
    const after = await inLanes(
      ids.map((id, index) => () => act(index % 2 === 0 ? second : third, request(id))),
      AT_ONCE,
    )
    // Who had an answer gets the same one, and everybody else's is done, whether the killed replica had done it or not.
    for (const [index, answer] of after.entries()) {
      expect(answer?.state).toBe('done')
      if (before[index] !== undefined) expect(answer?.id).toBe(before[index]?.id)
    }
    const { rows } = await client.query(
      `SELECT count(*)::int AS actions, count(DISTINCT event_id)::int AS events, count(*) FILTER (WHERE state = 'done')::int AS done
         FROM teams_actions`,
    )
    expect(rows).toEqual([{ actions: 150, events: 150, done: 150 }])
    const { rows: acknowledged } = await client.query(
      `SELECT count(*)::int AS rows FROM teams_notifications n
        WHERE n.event_type = 'vault.seal.detected' AND n.acknowledged_by = 'sara'
          AND n.action_data ->> 'action_id' IN (SELECT id::text FROM teams_actions x WHERE x.event_id = n.event_id)`,
    )
    expect(acknowledged).toEqual([{ rows: 300 }])
    expect(await verify()).toEqual([])
  }, 120_000)
})
