import { describe, expect, it, onTestFinished } from 'vitest'
import { packageVersion } from '../../src/kernel/version.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { startCuttingProxy } from '../services/cutting-proxy.ts'
import { startedStore } from '../services/stores.ts'

const EVENT = { eventType: 'vault.seal.detected', data: { node: 'v' } } as const

describe('/metrics', () => {
  it('answers without the gauges of the database while that hangs or is unreachable', async () => {
    const proxy = await startCuttingProxy((await startedStore('postgres')).DATABASE_URL)
    const gateway = await serveQuick({ DATABASE_URL: proxy.url })
    const scrape = async () => {
      const answer = await fetch(`${gateway.origin}/metrics`, { signal: AbortSignal.timeout(30_000) })
      expect(answer.status).toBe(200)
      return answer.text()
    }
    await gateway.wired.service.accept([EVENT], 'test')
    const before = await scrape()
    expect(before).toMatch(/^teams_database_up 1$/m)
    expect(before).toMatch(/^teams_channel_budget\{channel="sre"\} \d+$/m)
    expect(before).toContain(`teams_build_info{version="${packageVersion()}",node="${process.versions.node}"} 1`)
    expect(before).toMatch(/^process_resident_memory_bytes \d/m)
    expect(before).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m)

    proxy.block()
    const hanging = await scrape()
    await proxy.close()
    for (const text of [hanging, await scrape()]) {
      expect(text).toMatch(/^teams_database_up 0$/m)
      expect(text).not.toMatch(/^teams_channel_\w+\{/m)
      expect(text).toMatch(/^teams_events_accepted_total\{.*\} 1$/m)
    }
  })

  it('shows the gauges of the database again once it is back', async () => {
    const proxy = await startCuttingProxy((await startedStore('postgres')).DATABASE_URL)
    onTestFinished(() => proxy.close())
    const gateway = await serveQuick({ DATABASE_URL: proxy.url })
    proxy.block()
    expect((await gateway.wired.service.metrics()).body).toMatch(/^teams_database_up 0$/m)
    proxy.unblock()
    const body = async () => (await gateway.wired.service.metrics()).body
    await expect.poll(body, { timeout: 30_000 }).toMatch(/^teams_channel_budget\{channel="sre"\}/m)
    expect(await body()).toMatch(/^teams_database_up 1$/m)
  })
})
