import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { createLog } from '../../src/kernel/log.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const EVENTS = 24
/** Retries that have reached the other side when the gateway is killed: the others were asked for, and have not begun. */
const REACHED = 9

/**
 * The system in which tasks are retried. Until `release`, it answers every third request; of the others it does one and holds its
 * answer, and holds the next without doing it: what a killed gateway leaves behind.
 */
async function startOtherSide() {
  const asked = new Map<string, number>()
  const done = new Map<string, number>()
  const held: ServerResponse[] = []
  const reached = Promise.withResolvers<void>()
  let isReleased = false
  const server = createServer((request, response) => {
    const id = request.url?.slice(1) ?? ''
    const answer = () => response.end(JSON.stringify({ done: done.has(id) }))
    if (request.method === 'GET') return answer()
    const turn = isReleased ? 2 : asked.size % 3
    asked.set(id, (asked.get(id) ?? 0) + 1)
    if (turn > 0) done.set(id, (done.get(id) ?? 0) + 1)
    if (turn === 2) answer()
    else held.push(response)
    if (asked.size === REACHED) reached.resolve()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    done,
    reached: reached.promise,
    release() {
      isReleased = true
    },
  }
}

describe.each([
  ['without a look', 'unknown', undefined],
  ['with a look', 'failed', '1'],
] as const)('retries of a gateway that is killed, %s', (_, stateOfLost, looks) => {
  it(`are each done once, or said to be ${stateOfLost}, and never asked for twice`, async () => {
    const other = await startOtherSide()
    const store = await startedStore('postgres')
    const url = 'DATABASE_URL' in store ? store.DATABASE_URL : ''
    const quick = Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)]))
    const env = { ...quick, ...store, OTHER_SIDE: other.origin, ...(looks === undefined ? {} : { LOOKS: looks }) }
    const start = () => spawnGateway(env, new URL('retry-process.ts', import.meta.url))
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    const database = await openPostgres({ url, pool: 2, log: createLog('silent') })
    onTestFinished(() => database.close())

    const first = await start()
    const post = async (path: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${first.origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      expect(answer.ok).toBe(true)
    }
    const ids = Array.from({ length: EVENTS }, (_item, index) => `task-${index}`)
    const data = { component: 'api', summary: 'slow' }
    await post(
      '/v1/events',
      ids.map((id) => ({ event_type: 'prometheus.alert.firing', correlation_id: id, data, stakeholders: ['sre'] })),
    )
    for (const id of ids) await post('/v1/actions', { action: 'retry', correlation_id: id })
    await other.reached
    await first.end('SIGKILL')
    const held = (await client.query("SELECT count(*)::int AS running FROM teams_actions WHERE state = 'running'")).rows
    expect(held[0].running).toBeGreaterThan(0)
    other.release()
    // The lease of a dead process, which runs out in 30 seconds.
    await client.query("UPDATE teams_actions SET lease_until = now() WHERE state = 'running'")
    await start()

    const read = async () =>
      (
        await client.query<{ id: string; state: string; code: string | null }>(
          'SELECT id, state, code FROM teams_actions',
        )
      ).rows
    const states = async () => new Set((await read()).map(({ state }) => state))
    await expect.poll(states, { timeout: 90_000, interval: 500 }).toEqual(new Set(['done', stateOfLost]))
    const actions = await read()
    expect(actions).toHaveLength(EVENTS)
    for (const { id, state, code } of actions) {
      expect(other.asked.get(id) ?? 0).toBeLessThanOrEqual(1)
      if (state === 'done') expect([other.done.get(id), code]).toEqual([1, null])
      if (state === 'failed') expect([other.done.get(id), code]).toEqual([undefined, 'provider_failed'])
      if (state === 'unknown') expect(code).toBe('provider_lost')
    }
    const { rows: entries } = await client.query(
      `SELECT count(*)::int AS finished, count(DISTINCT subject)::int AS actions FROM teams_audit_entries
        WHERE convert_from(body, 'UTF8')::jsonb ->> 'kind' = 'action.finished'`,
    )
    expect(entries).toEqual([{ finished: EVENTS, actions: EVENTS }])
    expect(await inReadSnapshot(database.kysely, (reading) => Array.fromAsync(verifyRows(reading)))).toEqual([])
  }, 180_000)
})
