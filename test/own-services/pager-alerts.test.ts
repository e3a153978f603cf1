import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { alertKey } from '../../src/pagers/alert-content.ts'
import { startPagerDuty } from '../../src/stand-ins/pagers/pagerduty.ts'
import { spawnGateway } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const KEY = 'k'.repeat(32)

/** The environment of gateways that call PagerDuty a second after an event. */
async function environment(url: string): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'pager-alerts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'config.json')
  const tiers = [{ after: '1s', pagers: ['oncall'] }]
  const policies = { oncall: { for: [{ event_type: 'vault.*' }], tiers } }
  // With one fingerprint they would be one pager alert.
  const event_types = { 'vault.seal.detected': { fingerprint: ['node'], dedup: ['node'] } }
  writeFileSync(
    file,
    JSON.stringify({ event_types, pagers: { oncall: { kind: 'pagerduty', url } }, escalation: { policies } }),
  )
  return {
    ...(await startedStore('postgres')),
    TEAMS_CONFIG_FILE: file,
    TEAMS_PAGER_KEY_ONCALL: KEY,
    TEAMS_ESCALATION: 'on',
    TEAMS_CONNECTION_TIMEOUT: '1',
    TEAMS_HTTP_PORT: '0',
    TEAMS_LOG_LEVEL: 'silent',
  }
}

async function send(origin: string, count: number): Promise<string[]> {
  const events = Array.from({ length: count }, (_, nth) => ({
    event_type: 'vault.seal.detected',
    data: { node: `vault-${nth}` },
    stakeholders: ['sre'],
    correlation_id: `seal-${nth}`,
  }))
  const response = await fetch(`${origin}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  const { events: accepted } = (await response.json()) as { events: { event_id: string }[] }
  return accepted.map(({ event_id }) => event_id)
}
const until = (check: () => unknown) => expect.poll(check, { timeout: 60_000, interval: 100 })

it('a pager alert of a killed gateway, whose request was in flight, is sent again by another one and joins its alert', async () => {
  const pagerDuty = await startPagerDuty({ routingKeys: [KEY] })
  onTestFinished(() => pagerDuty.close())
  const env = await environment(pagerDuty.url)
  const first = await spawnGateway(env)
  pagerDuty.failNext({ kind: 'hang' })
  const [eventId = ''] = await send(first.origin, 1)
  await until(() => pagerDuty.requests()).toBe(1)
  await first.end('SIGKILL')
  await spawnGateway(env)
  await until(() => pagerDuty.alert(alertKey(eventId))?.triggers).toBe(2)
  expect(pagerDuty.alerts()).toHaveLength(1)
}, 120_000)

it('pager alerts of two gateways are sent once each', async () => {
  const pagerDuty = await startPagerDuty({ routingKeys: [KEY] })
  onTestFinished(() => pagerDuty.close())
  const env = await environment(pagerDuty.url)
  const [first] = await Promise.all([spawnGateway(env), spawnGateway(env)])
  const events = await send(first.origin, 15)
  await until(() => pagerDuty.alerts().length).toBe(events.length)
  expect(pagerDuty.alerts().map(({ triggers }) => triggers)).toEqual(events.map(() => 1))
  expect(pagerDuty.requests()).toBe(events.length)
}, 120_000)
