import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parseYaml } from '../../src/kernel/yaml.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { embeddedFolder } from '../services/database.ts'
import { startAlertmanager, startPrometheus } from '../services/prometheus.ts'
import { startedStore } from '../services/stores.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const EXAMPLE = read('examples/alertmanager.yml')
const TOKEN = 'alertmanager-token-0123456789'
const READER = { authorization: 'Bearer reader-token-0123456789' }

/** Listens on a free port of 127.0.0.1 until the test is over. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
}

/** A target of Prometheus with one pod, which crashes or does not. */
async function startTarget() {
  let crashes = 0
  const address = await listen(
    createServer((_request, response) => {
      response.end(`pod_crashes{namespace="claims",pod="api-7c9d-x2x"} ${crashes}\n`)
    }),
  )
  return {
    address,
    set(value: 0 | 1) {
      crashes = value
    },
  }
}

/** What becomes of a request on its way: cut, taken with its answer lost, or passed on. */
type Passage = 'away' | 'loses the answer' | 'open'

/** Stands between Alertmanager and the gateway. Away, it cuts connections; it can also lose the gateway's answer. */
async function startRoad(to: string) {
  let mode: Passage = 'away'
  const seen: { readonly mode: Passage; readonly status?: number; readonly isDuplicate?: boolean }[] = []
  const address = await listen(
    createServer(async (request, response) => {
      const now = mode
      const body = await bodyOf(request)
      if (now === 'away') {
        seen.push({ mode: now })
        request.socket.destroy()
        return
      }
      const { authorization = '', 'content-type': type = '' } = request.headers
      const answer = await fetch(`${to}${request.url}`, {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body,
      })
      const text = await answer.text()
      seen.push({ mode: now, status: answer.status, isDuplicate: JSON.parse(text).events?.[0]?.duplicate })
      if (now === 'loses the answer') request.socket.destroy()
      else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
    }),
  )
  return {
    address,
    seen,
    set(next: Passage) {
      mode = next
    },
  }
}

it('a rule of Prometheus that fires while the gateway is away is one card, and one more when it is resolved', async () => {
  const gateway = await serveQuick(await startedStore('postgres'), {
    TEAMS_API_TOKENS: `alertmanager:send:${TOKEN},reader:read:reader-token-0123456789`,
  })
  const cardsIn = async (channel: string) => {
    const answer = await fetch(`${gateway.origin}/sandbox/channels/${channel}/messages`, { headers: READER })
    return ((await answer.json()) as { messages: { card: unknown }[] }).messages.map(({ card }) => JSON.stringify(card))
  }
  const target = await startTarget()
  const road = await startRoad(gateway.origin)

  const tokenFile = join(embeddedFolder(), 'token')
  writeFileSync(tokenFile, TOKEN)
  const alertmanager = await startAlertmanager(
    EXAMPLE.replace('127.0.0.1:8080', road.address)
      .replace('/etc/alertmanager/teams-token', tokenFile)
      .replace('group_wait: 30s', 'group_wait: 1s')
      .replace('group_interval: 5m', 'group_interval: 1s'),
  )
  onTestFinished(() => alertmanager.stop())
  const prometheus = await startPrometheus({
    target: target.address,
    alertmanager: alertmanager.address,
    rules: `groups:
  - name: pods
    rules:
      - alert: KubePodCrashLooping
        expr: pod_crashes > 0
        labels: { severity: critical, team: pmo, event_type: kubernetes.pod.crashloop }
        annotations:
          summary: "Pod {{ $labels.namespace }}/{{ $labels.pod }} keeps crashing."
          runbook_url: https://runbooks.example.sa/KubePodCrashLooping
`,
  })
  onTestFinished(() => prometheus.stop())

  target.set(1)
  const patience = { timeout: 60_000, interval: 100 }
  await expect.poll(() => road.seen.length, patience).toBeGreaterThan(1)
  road.set('loses the answer')
  await expect.poll(() => road.seen.filter(({ mode }) => mode !== 'away').length, patience).toBeGreaterThan(0)
  road.set('open')
  await expect.poll(() => road.seen.some(({ mode }) => mode === 'open'), patience).toBe(true)
  const delivered = road.seen.filter(({ mode }) => mode !== 'away')
  expect(delivered[0]).toEqual({ mode: 'loses the answer', status: 202, isDuplicate: false })
  expect(delivered.slice(1).every(({ status, isDuplicate }) => status === 202 && isDuplicate)).toBe(true)

  await expect.poll(() => cardsIn('pmo'), patience).toHaveLength(1)
  const [firing = ''] = await cardsIn('pmo')
  for (const text of [
    'CRITICAL',
    'Pod keeps crashing',
    'Pod claims/api-7c9d-x2x keeps crashing.',
    'https://runbooks.example.sa/KubePodCrashLooping',
    'http://alertmanager.example.sa/#/silences/new?filter=',
  ])
    expect(firing).toContain(text)
  expect(firing).not.toContain('0001-01-01')

  target.set(0)
  await expect.poll(() => cardsIn('pmo'), patience).toHaveLength(2)
  expect((await cardsIn('pmo')).join()).toContain('Alert resolved')
  const list = await fetch(`${gateway.origin}/v1/notifications`, { headers: READER })
  const { notifications } = (await list.json()) as { notifications: Record<string, unknown>[] }
  expect(notifications).toMatchObject([
    { event_type: 'prometheus.alert.resolved', priority: 'INFO', channel: 'pmo', state: 'accepted' },
    { event_type: 'kubernetes.pod.crashloop', priority: 'CRITICAL', channel: 'pmo', state: 'accepted' },
  ])
  expect(notifications[1]?.resolved_at).not.toBeNull()
})

it('the alert of the guide fires when heartbeats stop or were never there, and not for a replica that gets none', () => {
  const [, expr = ''] = /^```\n(.*outcome="heartbeat".*)\n```$/m.exec(read('docs/guides/alertmanager.md')) ?? []
  const folder = embeddedFolder()
  const rules = { groups: [{ name: 'watchdog', rules: [{ alert: 'Quiet', expr }] }] }
  const series = (instance: string) =>
    `teams_source_webhooks_total{source="default",outcome="heartbeat",instance="${instance}"}`
  const quiet = (minute: number, fires: boolean) => ({
    eval_time: `${minute}m`,
    alertname: 'Quiet',
    exp_alerts: fires ? [{}] : [],
  })
  const cases = {
    rule_files: [join(folder, 'rules.yml')],
    tests: [
      {
        interval: '5m',
        input_series: [
          { series: series('a'), values: '0+1x6 6x12' },
          { series: series('b'), values: '0x18' },
        ],
        alert_rule_test: [quiet(25, false), quiet(60, true)],
      },
      { interval: '5m', input_series: [], alert_rule_test: [quiet(25, true)] },
    ],
  }
  writeFileSync(join(folder, 'rules.yml'), JSON.stringify(rules))
  writeFileSync(join(folder, 'cases.yml'), JSON.stringify(cases))
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(folder, 'cases.yml')], {
    encoding: 'utf8',
  })
  expect(`${stdout}${stderr}`).toContain('SUCCESS')
  expect(status).toBe(0)
})

it('README.md and the guide show the receiver of examples/alertmanager.yml', () => {
  const receivers = (yaml: string) => {
    const parsed = parseYaml(yaml)
    return parsed.ok ? (parsed.value as { receivers?: unknown }).receivers : undefined
  }
  const expected = receivers(EXAMPLE)
  expect(expected).toBeDefined()
  for (const page of ['README.md', 'docs/guides/alertmanager.md']) {
    const blocks = [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml = '']) => receivers(yaml))
    expect(blocks.filter((block) => block !== undefined)).toEqual([expected])
  }
})
