import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createSandboxServer, type SandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { QUICK, spawnGateway } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const CHANNELS = ['security_eng', 'sre', 'cloudops']
/** Connections to the receiver, which all channels share, and posts of one channel that may be in flight. */
const MOST = 2

const received = (teams: SandboxServer) => CHANNELS.flatMap((channel) => teams.sandbox.messages(channel))

/** Resolves when the stand-in has got so many messages, over all channels. */
function gotMessages(teams: SandboxServer, count: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = teams.sandbox.subscribe(() => look())
    function look() {
      if (received(teams).length < count) return
      stop()
      resolve()
    }
    look()
  })
}

// Another replica takes over after 8 s.
describe('a process that is suspended while posts wait for a connection', { timeout: 60_000 }, () => {
  it('posts no card that another process has sent, and each outcome is recorded', async () => {
    const teams = await createSandboxServer()
    onTestFinished(() => teams.close())
    for (const channel of CHANNELS) teams.sandbox.setFaults(channel, { delay_ms: 2_000 })
    const env = {
      ...Object.fromEntries(Object.entries(QUICK).map(([name, value]) => [name, String(value)])),
      ...Object.fromEntries([...teams.addresses].map(([key, url]) => [`TEAMS_WEBHOOK_${key.toUpperCase()}`, url])),
      ...(await startedStore('postgres')),
      TEAMS_SANDBOX: 'off',
      TEAMS_SANDBOX_ORIGIN: teams.origin,
      TEAMS_CONNECTIONS_PER_HOST: String(MOST),
    }
    const first = await spawnGateway(env)
    const event = { eventType: 'vault.seal.detected', data: { node: 'vault-1' } } as const
    const firstClient = createClient({ url: first.origin })
    const answers = await firstClient.sendMany([event, event])
    const ids = answers.flatMap(({ notifications }) => notifications.map(({ id }) => id))
    await gotMessages(teams, MOST)
    const sending = async () => (await firstClient.notifications.list({ state: 'sending' })).notifications.length
    await expect.poll(sending).toBe(ids.length)
    process.kill(first.pid, 'SIGSTOP')
    const begun = new Set(received(teams).map(({ headers }) => headers['webhook-id']))
    for (const channel of CHANNELS) teams.sandbox.setFaults(channel, {})

    const second = await spawnGateway(env)
    await gotMessages(teams, MOST + ids.length)
    process.kill(first.pid, 'SIGCONT')
    // Ends after every post in flight has ended and is recorded.
    await first.end('SIGTERM')

    const sent = received(teams).map(({ headers }) => [headers['webhook-id'], headers['x-claimlinc-repeat']])
    expect(sent).toHaveLength(MOST + ids.length)
    expect(sent.filter(([, repeat]) => repeat === undefined).map(([id]) => id)).toEqual([...begun])
    const client = createClient({ url: second.origin })
    for (const id of ids) {
      const { state, attempts } = await client.notifications.get(id)
      expect([id, state, attempts.map(({ attempt, outcome, repeat }) => [attempt, outcome, repeat])]).toEqual([
        id,
        'accepted',
        [
          [1, begun.has(id) ? 'accepted' : 'handed_back', false],
          [2, 'accepted', true],
        ],
      ])
    }
  })
})
