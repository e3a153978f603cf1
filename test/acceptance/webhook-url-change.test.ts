import { renameSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { startReceiver } from '../transports/receiver.ts'
import { serveQuick } from './gateways.ts'

/** Longer than any test: a channel paused this long sends nothing unless its pause is ended. */
const AN_HOUR_S = 3600

describe.each(KINDS)('a webhook URL that changes during a turn of its channel, on %s', (kind) => {
  /** A gateway whose channel `sre` has a URL that leaves the first post unanswered and answers 429 to the others. */
  async function startTwoUrls() {
    const unanswered: ServerResponse[] = []
    const ways: string[] = []
    const receiver = await startReceiver((response, { path }) => {
      const way = path.startsWith('/new') ? 'new' : 'old'
      ways.push(way)
      if (way === 'new') response.writeHead(202).end()
      else if (unanswered.length === 0) unanswered.push(response)
      else response.writeHead(429, { 'retry-after': String(AN_HOUR_S) }).end()
    })
    onTestFinished(() => receiver.close())
    const file = join(embeddedFolder(), 'webhooks.yaml')
    const write = (text: string) => {
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    }
    write(`sre: ${receiver.origin}/old?sig=abc\n`)
    const gateway = await serveQuick(await startedStore(kind), {
      TEAMS_SANDBOX_ORIGIN: receiver.origin,
      TEAMS_WEBHOOKS_FILE: file,
      TEAMS_VAULT_REFRESH: 1,
      TEAMS_BREAKER_PROBE_DELAY: AN_HOUR_S,
      TEAMS_MAX_RETRY_DELAY: AN_HOUR_S,
    })
    const { service, database } = gateway.wired
    const configured = async () =>
      (await service.listChannels()).flatMap(({ key, configured }) => (configured ? key : [])).sort()
    return {
      receiver,
      ways,
      send: (node: string) =>
        service.accept([{ eventType: 'vault.seal.detected', data: { node }, stakeholders: ['sre'] }], 'test'),
      async state() {
        const { rows } = await sql<{ rests: boolean; breaker: string }>`
          SELECT coalesce(paused_until > clock_timestamp(), false) AS rests, breaker
            FROM teams_channels WHERE key = 'sre'`.execute(database.kysely)
        return rows[0]
      },
      states: async () => (await service.listNotifications({ limit: 10 })).notifications.map((one) => one.state),
      /** Resolves once the gateway has read the new URL. */
      async change() {
        write(`sre: ${receiver.origin}/new?sig=abc\npmo: ${receiver.origin}/new?sig=abc\n`)
        await expect.poll(configured, { timeout: 10_000 }).toEqual(['pmo', 'sre'])
      },
      answerFirst: (status: number) => unanswered[0]?.writeHead(status).end(),
    }
  }

  it('is posted to at once, despite a Retry-After of the old URL', async () => {
    const flow = await startTwoUrls()
    await flow.send('vault-1')
    await flow.receiver.arrived(1)
    await flow.send('vault-2')
    await expect.poll(flow.state).toEqual({ rests: true, breaker: 'closed' })
    await flow.change()
    // The turn's first post is still in flight.
    await expect.poll(() => flow.ways, { timeout: 5_000 }).toEqual(['old', 'old', 'new'])
    flow.answerFirst(202)
    await expect.poll(flow.states).toEqual(['accepted', 'accepted'])
    expect(await flow.state()).toEqual({ rests: false, breaker: 'closed' })
  })

  it('keeps its breaker closed after a late 404 of the old URL', async () => {
    const flow = await startTwoUrls()
    await flow.send('vault-1')
    await flow.receiver.arrived(1)
    await flow.change()
    flow.answerFirst(404)
    await expect.poll(() => flow.ways, { timeout: 5_000 }).toEqual(['old', 'new'])
    await expect.poll(flow.states).toEqual(['accepted'])
    expect(await flow.state()).toEqual({ rests: false, breaker: 'closed' })
  })
})
