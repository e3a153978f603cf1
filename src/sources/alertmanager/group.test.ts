import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../catalogue/config-input.ts'
import { loadCatalogue } from '../../catalogue/load.ts'
import { createAcceptor } from '../../intake/acceptor.ts'
import { systemClock } from '../../kernel/clock.ts'
import { type GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { type AlertGroup, mapWebhook } from './group.ts'
import { readWebhook } from './webhook.ts'

const payload = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/fixtures/alertmanager/${name}.json`, import.meta.url), 'utf8'))

const catalogueWith = (config: ConfigInput = {}) =>
  loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 }, config })

function groupOf(body: unknown, config: ConfigInput = {}): AlertGroup {
  const catalogue = catalogueWith(config)
  const source = catalogue.alertmanagers.get('default')
  if (source === undefined) throw new Error('there is no default')
  const { group } = mapWebhook(readWebhook(body), source, catalogue)
  if (group === undefined) throw new Error('there is no group')
  return group
}
const eventOf = (name: string, config?: ConfigInput) => groupOf(payload(name), config).event
const dataOf = (name: string) => eventOf(name).data as Record<string, unknown>

function refusal(body: unknown): GatewayError {
  try {
    readWebhook(body)
  } catch (error) {
    if (isGatewayError(error)) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a group of alerts', () => {
  it('of one alert becomes an event with its labels, links and values, without zero times', () => {
    expect(eventOf('one-firing')).toEqual({
      eventType: 'prometheus.alert.firing',
      correlationId: expect.stringMatching(/^alertmanager-default-[a-p]{16}$/),
      priority: 'CRITICAL',
      data: {
        component: 'DiskFull',
        summary: 'Disk of db-1 is 93 % full.',
        node: 'db-1:9100',
        value: 93.4,
        threshold: 90,
        unit: '%',
        labels: { alertname: 'DiskFull', instance: 'db-1:9100', job: 'node', severity: 'critical' },
        dashboard_url: 'https://grafana.example.sa/d/disk',
        silence_url: `http://alertmanager:9093/#/silences/new?filter=${encodeURIComponent('{alertname="DiskFull"}')}`,
        starts_at: '2026-11-30T07:00:00.000Z',
      },
    })
  })

  it('has the event type of the label event_type, with the fields that its labels and annotations name', () => {
    const { event, plainEvent } = groupOf(payload('group-firing'))
    expect(event).toMatchObject({
      eventType: 'kubernetes.pod.crashloop',
      priority: 'MEDIUM',
      stakeholders: ['devops'],
      data: {
        component: 'KubePodCrashLooping',
        summary: 'Pod is crash looping.',
        namespace: 'claims',
        runbook_url: 'https://runbooks.example.sa/KubePodCrashLooping',
        alerts: ['pod=api-7c9d-x2x', 'pod=api-7c9d-k8k'],
        starts_at: '2026-11-30T06:58:03.739Z',
      },
    })
    expect((event.data as { labels: object }).labels).not.toHaveProperty('event_type')
    expect(plainEvent).toMatchObject({ eventType: 'prometheus.alert.firing', priority: 'MEDIUM' })
  })

  it('is about one subject while it fires, changes and is resolved', () => {
    const names = ['group-firing', 'group-part-resolved', 'group-resolved']
    expect(new Set(names.map((name) => eventOf(name).correlationId)).size).toBe(1)
    expect(eventOf('one-firing').correlationId).not.toBe(eventOf('group-firing').correlationId)
    const [both, one, last] = names.map((name) => groupOf(payload(name)).alertIds)
    expect(both).toHaveLength(2)
    expect(one).toEqual(last)
    expect(both).toEqual(expect.arrayContaining([...(one ?? [])]))
  })

  it('of another organisation of Grafana is about another subject', () => {
    const body = payload('grafana-one')
    const ids = [1, 2, 1].map((orgId) => groupOf({ ...body, orgId }).event.correlationId)
    expect(ids[0]).toBe(ids[2])
    expect(ids[0]).not.toBe(ids[1])
  })

  it('that is partly resolved lists what still fires', () => {
    const { isFiring, event } = groupOf(payload('group-part-resolved'))
    expect(isFiring).toBe(true)
    expect(event.data).toMatchObject({ labels: { pod: 'api-7c9d-k8k' }, starts_at: '2026-11-30T07:03:33.739Z' })
    expect(event.data).not.toHaveProperty('alerts')
    expect(event.data).not.toHaveProperty('ends_at')
  })

  it('that is resolved goes to the same groups, with its end and no link to a silence', () => {
    const { isFiring, event } = groupOf(payload('group-resolved'))
    expect(isFiring).toBe(false)
    expect(event).toMatchObject({ eventType: 'prometheus.alert.resolved', stakeholders: ['devops'] })
    expect(event.priority).toBeUndefined()
    expect(event.data).toMatchObject({ ends_at: '2026-11-30T07:14:33.739Z' })
    expect(event.data).not.toHaveProperty('silence_url')
  })

  it('lists the summaries of its alerts and counts those that the sender left out', () => {
    expect(dataOf('truncated')).toMatchObject({
      summary: '10 × DiskFull',
      alerts: ['Disk of db-1 is full.', 'Disk of db-2 is full.', 'Disk of db-3 is full.'],
      more_alerts: 7,
    })
  })

  it('whose listed alerts are resolved fires, where the sender left out others', () => {
    const body = payload('truncated')
    body.status = 'resolved'
    for (const alert of body.alerts) Object.assign(alert, { status: 'resolved', endsAt: '2026-11-30T08:00:00Z' })
    const { isFiring, alertIds, event } = groupOf(body)
    expect({ isFiring, alertIds }).toEqual({ isFiring: true, alertIds: [] })
    expect(event).toMatchObject({
      eventType: 'prometheus.alert.firing',
      priority: 'CRITICAL',
      data: { summary: '7 × DiskFull', alerts: ['DiskFull'], more_alerts: 6 },
    })
    for (const field of ['ends_at', 'starts_at']) expect(event.data).not.toHaveProperty(field)
    expect(groupOf({ ...body, truncatedAlerts: 0 }).isFiring).toBe(false)
  })

  it('of Grafana has its values, and its links to dashboard and silence', () => {
    expect(dataOf('grafana-one')).toMatchObject({
      component: 'High memory usage',
      summary: 'This alert was triggered for zone us-1',
      message: 'The system has high memory usage',
      metrics: { B: 44.23943737541908, C: 1 },
      dashboard_url: 'https://grafana.example.sa/d/mem',
      silence_url: expect.stringContaining('matcher=alertname%3DHigh+memory+usage&matcher=zone%3Dus-1'),
    })
    expect(dataOf('grafana-one').labels).not.toHaveProperty('__alert_rule_uid__')
  })

  it('of Grafana with several alerts has a link that silences the group', () => {
    expect(dataOf('grafana-group').silence_url).toBe(
      'https://grafana.example.sa/alerting/silence/new?alertmanager=grafana&matcher=alertname%3DHigh+memory+usage&matcher=zone%3Dus-1',
    )
  })

  it('follows its source: priorities, groups, rules', () => {
    const config: ConfigInput = {
      stakeholder_groups: { database: { names: ['Database team'], channels: ['sre'] } },
      sources: {
        default: {
          kind: 'alertmanager',
          priorities: { Warning: 'LOW' },
          group_label: 'namespace',
          groups: { CLAIMS: ['PMO', 'database'] },
          rules: [
            { match: ['namespace=other'], priority: 'INFO', channels: ['pmo'] },
            { match: ['alertname=Kube*', 'env!=test'], event_type: 'system.kubernetes.pod_crashlooping' },
            { match: ['alertname=KubePodCrashLooping'], event_type: 'backup.failed', channels: ['devops'] },
          ],
        },
      },
    }
    const { event, channels } = groupOf(payload('group-firing'), config)
    expect(event).toMatchObject({ eventType: 'kubernetes.pod.crashloop', priority: 'LOW' })
    expect(event.stakeholders).toEqual(['pmo', 'database'])
    expect(channels).toEqual(['devops'])
  })

  it.each([
    [{ severity: 'critical' }, 'CRITICAL'],
    [{ severity: 'Warning' }, 'MEDIUM'],
    [{ severity: 'none' }, 'INFO'],
    [{ priority: 'P2', severity: 'critical' }, 'HIGH'],
    [{ priority: 'whatever', severity: 'low' }, 'LOW'],
    [{ severity: 'whatever' }, undefined],
    [{}, undefined],
  ])('with the labels %j has the priority %s', (labels, priority) => {
    const body = payload('one-firing')
    body.alerts[0].labels = { alertname: 'A', ...labels }
    expect(groupOf(body).event.priority).toBe(priority)
  })

  it('has the most urgent priority of its alerts, where one without any has that of its type', () => {
    const body = payload('truncated')
    body.alerts[0].labels.severity = 'info'
    body.alerts[1].labels.severity = 'low'
    body.alerts[2].labels.severity = 'low'
    expect(groupOf(body).event.priority).toBe('LOW')
    body.alerts[2].labels.severity = ''
    expect(groupOf(body).event.priority).toBe('HIGH')
  })

  it('with an unknown event_type, or one that resolves others, becomes an ordinary alert', () => {
    const body = payload('one-firing')
    const unknown = [
      'kubernetes.pod.crashlop',
      'gateway.digest',
      'audit.checkpoint',
      'gateway.source.blind',
      'constructor',
    ]
    const resolving = ['prometheus.alert.resolved', 'gateway.source.recovered', 'postgres.slot.recovered']
    for (const name of [...unknown, ...resolving]) {
      body.alerts[0].labels.event_type = name
      const { event, isTypeUnknown } = groupOf(body)
      expect({ type: event.eventType, isTypeUnknown }).toEqual({ type: 'prometheus.alert.firing', isTypeUnknown: true })
    }
  })

  it('leaves links out that are none', () => {
    const body = payload('one-firing')
    body.externalURL = 'javascript:alert(1)'
    body.alerts[0].annotations = { summary: 's', runbook_url: 'see the wiki', dashboard_url: 'file:///etc/passwd' }
    const { data } = groupOf(body).event
    for (const field of ['silence_url', 'runbook_url', 'dashboard_url']) expect(data).not.toHaveProperty(field)
  })
})

describe('an alert that must keep firing', () => {
  const mapped = (body: unknown, config: ConfigInput = {}) => {
    const catalogue = catalogueWith(config)
    const source = catalogue.alertmanagers.get('default')
    if (source === undefined) throw new Error('there is no default')
    return mapWebhook(readWebhook(body), source, catalogue)
  }

  it('is a heartbeat and no event', () => {
    expect(mapped(payload('watchdog'))).toMatchObject({ group: undefined, heartbeats: [{ isFiring: true }] })
  })

  it('is a lost heartbeat and no event where it is resolved', () => {
    const body = payload('watchdog')
    body.alerts[0].status = 'resolved'
    expect(mapped(body)).toMatchObject({ group: undefined, heartbeats: [], lostHeartbeats: [{ isFiring: false }] })
  })

  it('is told by the conditions of its source, also inside a group', () => {
    const heartbeats = { sources: { default: { kind: 'alertmanager', heartbeats: ['instance=db-1*'] } } } as const
    expect(mapped(payload('watchdog'), heartbeats).group).toBeDefined()
    const { group, heartbeats: found } = mapped(payload('truncated'), heartbeats)
    expect(found).toHaveLength(1)
    expect(group?.alertIds).toHaveLength(2)
  })
})

describe('what is no webhook', () => {
  it('is refused with every problem at once', () => {
    const { code, problems } = refusal({
      version: '3',
      status: 'open',
      alerts: [
        { labels: { ok: 'a', list: ['x'] }, status: 'firing', startsAt: 'yesterday' },
        'alert',
        { labels: null, status: 'maybe' },
      ],
    })
    expect(code).toBe('invalid_alerts')
    expect(problems.map(({ at }) => at)).toEqual([
      'version',
      'groupKey',
      'status',
      'alerts[0].labels.(entry 2)',
      'alerts[0].startsAt',
      'alerts[1]',
      'alerts[2].labels',
      'alerts[2].status',
    ])
    expect(problems[0]).toEqual({
      at: 'version',
      found: 'version 3',
      expected: '"4", as Alertmanager sends it, or "1" with orgId, as Grafana does',
    })
  })

  it.each([[[]], ['text'], [null], [{}], [{ event_type: 'vault.seal.detected', data: {} }]])('such as %j', (body) => {
    expect(refusal(body).status).toBe(422)
  })

  it.each([{ toString: '4' }, ['4'], true])('of the version %j is refused', (version) => {
    expect(refusal({ version }).problems).toContainEqual(expect.objectContaining({ at: 'version' }))
  })

  it('lists at most 50 problems', () => {
    expect(refusal({ alerts: Array(10_000).fill(1) }).problems).toHaveLength(50)
  })
})

describe('any webhook', () => {
  const acceptor = createAcceptor({
    catalogue: catalogueWith(),
    phiPolicy: 'mask',
    keyTtl: 60,
    repeats: { window: 300, acknowledged: { CRITICAL: 1, HIGH: 1, MEDIUM: 1 } },
    clock: systemClock,
    wake: async () => {},
  })
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('', '\0', '12', 'true', '٣'))
  const labels = fc.dictionary(
    fc.oneof(
      text,
      fc.constantFrom('alertname', 'severity', 'event_type', 'team', 'node', 'value', 'runbook_url', 'constructor'),
    ),
    fc.oneof(text, fc.constantFrom('critical', 'vault.seal.detected', 'kubernetes.pod.crashloop', 'https://a.example')),
    { maxKeys: 8, noNullPrototype: true },
  )
  const alert = fc.record({
    status: fc.constantFrom('firing', 'resolved'),
    labels,
    annotations: labels,
    startsAt: fc.constantFrom('2026-11-30T07:00:00Z', '0001-01-01T00:00:00Z'),
    fingerprint: text,
    values: fc.oneof(fc.constant(null), fc.dictionary(text, fc.double())),
  })
  const webhook = fc.record({
    version: fc.constant('4'),
    status: fc.constantFrom('firing', 'resolved'),
    groupKey: fc.string({ minLength: 1 }),
    groupLabels: labels,
    externalURL: fc.oneof(text, fc.constantFrom('https://am.example/x?y#z')),
    truncatedAlerts: fc.integer(),
    alerts: fc.array(alert, { minLength: 1, maxLength: 5 }),
  })

  it('makes an event that the intake takes as an ordinary alert', () => {
    fc.assert(
      fc.property(webhook, (body) => {
        const hasProto = JSON.stringify(body).includes('__proto__')
        fc.pre(!hasProto)
        const { event, plainEvent } = groupOf(JSON.parse(JSON.stringify(body)))
        const plain = plainEvent ?? event
        expect(acceptor.check([plain])).toHaveLength(1)
      }),
      { numRuns: 300 },
    )
  })

  it('of any other JSON is refused with invalid_alerts, or read', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ version: fc.constant('4'), alerts: fc.jsonValue() })),
        (body) => {
          try {
            readWebhook(body)
          } catch (error) {
            expect(isGatewayError(error) && error.code).toBe('invalid_alerts')
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
