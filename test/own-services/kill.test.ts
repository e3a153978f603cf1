import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createSandboxServer, type SandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { type GatewayProcess, QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { type Store, startedStore } from '../services/stores.ts'

const CHANNELS = ['security_eng', 'sre', 'cloudops']
/** Posts of one channel that may be in flight at once. */
const MOST = 4

async function standIn(): Promise<SandboxServer> {
  const teams = await createSandboxServer({ maxMessages: 100_000 })
  onTestFinished(() => teams.close())
  return teams
}

function environment(teams: SandboxServer, store: Store, more: Record<string, string> = {}): Record<string, string> {
  const webhooks = [...teams.addresses].map(([key, url]) => [`TEAMS_WEBHOOK_${key.toUpperCase()}`, url])
  const quick = Object.entries(QUICK).map(([name, value]) => [name, String(value)])
  return {
    ...Object.fromEntries([...quick, ...webhooks]),
    ...store,
    TEAMS_SANDBOX: 'off',
    TEAMS_SANDBOX_ORIGIN: teams.origin,
    TEAMS_CONNECTIONS_PER_HOST: String(MOST),
    ...more,
  }
}

/** Sends up to 30 lists of events, one after the other, until the gateway is gone; notes what was accepted. */
async function sendUntilGone(gateway: GatewayProcess, accepted: Set<string>): Promise<void> {
  for (let sent = 0; sent < 30; sent++) {
    const answer = await fetch(`${gateway.origin}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Array.from({ length: 3 }, () => ({ event_type: 'vault.seal.detected', data: { node: 'vault-1' } })),
      ),
    }).catch(() => undefined)
    if (answer?.status !== 202) return
    const body = (await answer.json().catch(() => undefined)) as
      | { events: { notifications: { id: string }[] }[] }
      | undefined
    for (const event of body?.events ?? []) for (const { id } of event.notifications) accepted.add(id)
  }
}

/** Every message that the stand-in got: its notification's id, and whether it was marked as a repeat. */
const received = (teams: SandboxServer) =>
  CHANNELS.flatMap((channel) => teams.sandbox.messages(channel)).map(({ headers }) => ({
    id: headers['webhook-id'] ?? '',
    repeat: headers['x-claimlinc-repeat'] === 'true',
  }))

/** Resolves when the stand-in has got so many more messages, over all channels. */
function messagesMore(teams: SandboxServer, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const stop = teams.sandbox.subscribe((event) => {
      if (event.type !== 'message' || --left > 0) return
      stop()
      resolve()
    })
  })
}

/** Resolves when the stand-in has got every one of these notifications. */
function gotAll(teams: SandboxServer, ids: ReadonlySet<string>): Promise<void> {
  return new Promise((resolve) => {
    const missing = new Set(ids)
    const stop = teams.sandbox.subscribe(() => look())
    function look() {
      for (const { id } of received(teams)) missing.delete(id)
      if (missing.size > 0) return
      stop()
      resolve()
    }
    look()
  })
}

// A killed turn keeps its channel for 8 s, and each kill waits for that.
describe.each(['embedded', 'postgres'] as const)('killed again and again, on %s', { timeout: 150_000 }, (kind) => {
  it('delivers every accepted notification, and repeats only posts in flight, marked as repeats', async () => {
    const teams = await standIn()
    for (const channel of CHANNELS) teams.sandbox.setFaults(channel, { delay_ms: 25 })
    const store = await startedStore(kind)
    const accepted = new Set<string>()
    const kills = 3
    for (let kill = 1; kill <= kills; kill++) {
      const gateway = await spawnGateway(environment(teams, store))
      const sending = sendUntilGone(gateway, accepted)
      // Killed when a post has just arrived and is not answered yet, a little later each time.
      await messagesMore(teams, 5 + 13 * kill)
      await gateway.end('SIGKILL')
      await sending
    }
    await spawnGateway(environment(teams, store))
    await gotAll(teams, accepted)

    const all = received(teams)
    const times = new Map<string, number>()
    for (const { id } of all) times.set(id, (times.get(id) ?? 0) + 1)
    const repeated = [...times].filter(([, count]) => count > 1)
    expect(accepted.size).toBeGreaterThan(100)
    expect([...accepted].filter((id) => !times.has(id))).toEqual([])
    // A kill interrupts at most the posts in flight of the three channels.
    expect(all.length - times.size).toBeLessThanOrEqual(kills * CHANNELS.length * MOST)
    const unmarked = repeated.filter(
      ([id, count]) => all.filter((message) => message.id === id && message.repeat).length < count - 1,
    )
    expect(unmarked).toEqual([])
  })

  it('delivers events accepted by a process that was killed before it sent any', async () => {
    const teams = await standIn()
    for (const channel of CHANNELS) teams.sandbox.setFaults(channel, { hang: true })
    const store = await startedStore(kind)
    // One connection for all channels: the first post hangs on it, and the other two never begin.
    const first = await spawnGateway(environment(teams, store, { TEAMS_CONNECTIONS_PER_HOST: '1' }))
    const begun = messagesMore(teams, 1)
    const answer = await createClient({ url: first.origin }).send({
      eventType: 'vault.seal.detected',
      data: { node: 'vault-1' },
    })
    await begun
    await first.end('SIGKILL')
    const ids = answer.notifications.map(({ id }) => id)
    const before = received(teams).map(({ id }) => id)
    expect(before).toHaveLength(1)
    for (const channel of CHANNELS) teams.sandbox.setFaults(channel, {})
    const second = await spawnGateway(environment(teams, store))
    await gotAll(teams, new Set(ids))
    const client = createClient({ url: second.origin })
    const never = ids.filter((id) => !before.includes(id))
    expect(never).toHaveLength(2)
    const states = () => Promise.all(never.map(async (id) => (await client.notifications.get(id)).state))
    await expect.poll(states, { timeout: 30_000 }).toEqual(['accepted', 'accepted'])
  })
})

describe('several replicas on one database', () => {
  it('reclaims the notifications of a killed one within 20 seconds, and records interrupted attempts', async () => {
    const teams = await standIn()
    const store = await startedStore('postgres')
    teams.sandbox.setFaults('sre', { hang: true, times: 1 })
    const first = await spawnGateway(environment(teams, store))
    const answer = await createClient({ url: first.origin }).send({
      eventType: 'vault.seal.detected',
      data: { node: 'vault-1' },
      stakeholders: ['sre'],
    })
    await teams.sandbox.waitFor('sre', 1)
    // The second starts while the first holds the channel, and has to wait until that one is known to be gone.
    const second = await spawnGateway(environment(teams, store))
    const killedAt = Date.now()
    await first.end('SIGKILL')
    await teams.sandbox.waitFor('sre', 2)
    const takenOverAfter = Date.now() - killedAt
    const id = answer.notifications[0]?.id ?? ''
    const client = createClient({ url: second.origin })
    for (let notification = await client.notifications.get(id); notification.state !== 'accepted'; )
      notification = await client.notifications.get(id)
    const { attempts } = await client.notifications.get(id)
    expect(attempts.map(({ outcome, repeat }) => [outcome, repeat])).toEqual([
      ['interrupted', false],
      ['accepted', true],
    ])
    expect(takenOverAfter).toBeLessThan(20_000)
  })

  it('shares one budget per channel', async () => {
    const teams = await standIn()
    const store = await startedStore('postgres')
    const budget = { TEAMS_RATE_LIMIT_REQUESTS: '10', TEAMS_RATE_LIMIT_PERIOD: '1', TEAMS_RATE_LIMIT_BURST: '4' }
    const singles = { TEAMS_DIGEST_URGENT: '1000' }
    const replicas = await Promise.all(
      [1, 2, 3].map(() => spawnGateway(environment(teams, store, { ...budget, ...singles }))),
    )
    await Promise.all(
      replicas.map((replica) =>
        createClient({ url: replica.origin }).sendMany(
          Array.from({ length: 10 }, () => ({
            eventType: 'vault.seal.detected',
            data: { node: 'vault-1' },
            stakeholders: ['sre'],
          })),
        ),
      ),
    )
    await teams.sandbox.waitFor('sre', 30)
    const client = new pg.Client({ connectionString: 'DATABASE_URL' in store ? store.DATABASE_URL : '' })
    await client.connect()
    onTestFinished(() => client.end())
    const { rows } = await client.query<{ at: Date }>(
      'SELECT held_since AS at FROM teams_notifications WHERE held_since IS NOT NULL UNION ALL SELECT started_at FROM teams_attempts ORDER BY 1',
    )
    const starts = rows.map(({ at }) => at.getTime())
    for (let from = 0; from < starts.length; from++)
      for (let to = from; to < starts.length; to++) {
        const windowMs = (starts[to] ?? 0) - (starts[from] ?? 0)
        // A post starts a little after its budget was taken, which may make a window shorter by that much.
        expect(to - from + 1).toBeLessThanOrEqual(4 + Math.ceil(((windowMs + 150) / 1000) * 10))
      }
    expect(starts.length).toBe(30)
  })
})
