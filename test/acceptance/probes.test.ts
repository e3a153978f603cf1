import type { ServerResponse } from 'node:http'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { startReceiver } from '../transports/receiver.ts'
import { QUICK } from './gateways.ts'

describe.each(KINDS)('a channel whose breaker opens while an older post is in flight, on %s', (kind) => {
  it('counts no failed probe before the first one, and becomes half open with it', async () => {
    const unanswered: ServerResponse[] = []
    const receiver = await startReceiver((response, { headers }) => {
      // The second post opens the breaker; the first and the probe are answered when the test says so.
      if (headers['x-correlation-id'] === 'second' && headers['x-claimlinc-attempt'] === '1')
        response.writeHead(404).end()
      else unanswered.push(response)
    })
    onTestFinished(() => receiver.close())
    const gateway = await serveGateway({
      env: {},
      webhooks: { sre: `${receiver.origin}/first?sig=abc` },
      settings: {
        ...QUICK,
        ...(await startedStore(kind)),
        TEAMS_SANDBOX_ORIGIN: receiver.origin,
        TEAMS_MAX_RETRY_DELAY: 3600,
      },
    })
    onTestFinished(() => gateway.stop())
    const { service, database } = gateway.wired
    const send = (correlationId: string) =>
      service.accept(
        [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'], correlationId }],
        'test',
      )
    const channel = async () =>
      (
        await sql<{ breaker: string; failed_probes: number; looked: boolean }>`
          SELECT breaker, failed_probes, coalesce(refilled_at > paused_until, false) AS looked
            FROM teams_channels WHERE key = 'sre'`.execute(database.kysely)
      ).rows[0]
    await send('first')
    await receiver.arrived(1)
    await send('second')
    await receiver.arrived(2)
    // A step ran after the rest was over; its probe waits for the first post.
    await expect.poll(channel, { timeout: 20_000 }).toEqual({ breaker: 'open', failed_probes: 0, looked: true })
    unanswered.shift()?.writeHead(404).end()
    await receiver.arrived(3)
    await expect.poll(channel).toMatchObject({ breaker: 'half_open', failed_probes: 0 })
    unanswered.shift()?.writeHead(404).end()
    await expect.poll(channel).toMatchObject({ failed_probes: 1 })
    const { rows } = await sql<{ breaker: string }>`
      SELECT substring(convert_from(body, 'UTF8') FROM '"breaker":"(\\w+)"') AS breaker FROM teams_audit_entries
       WHERE position('"kind":"channel.changed"'::bytea IN body) > 0 ORDER BY id LIMIT 1`.execute(database.kysely)
    expect(rows).toEqual([{ breaker: 'open' }])
  })
})
