import { DEFAULT_ALERTMANAGER } from '../../src/catalogue/alertmanagers.ts'
import { parseJsonBody } from '../../src/contract/json-body.ts'
import { checkGroup, protectGroup } from '../../src/gateway/alerts.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject, type Json } from '../../src/kernel/json.ts'
import { mapWebhook } from '../../src/sources/alertmanager/group.ts'
import { readWebhook } from '../../src/sources/alertmanager/webhook.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { anyText, disguised, markedId, TIMES } from '../mutate/texts.ts'
import { holdPatients, patientValues } from '../properties/patient.ts'
import { readJson } from '../properties/read.ts'
import { holdPlain, holdSame } from '../properties/read-outside.ts'
import { holdProblems, textsIn } from '../properties/refusal.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { createUnwritten, shippedCatalogue } from './checks.ts'

const LABELS = [
  ...['alertname', 'severity', 'priority', 'team', 'instance', 'job', 'event_type', 'component', 'namespace', 'pod'],
  ...['summary', 'description', 'message', 'runbook_url', 'dashboard', 'value', 'threshold', '__alert_rule__'],
  ...['patient_id', 'member_id', 'national_id', 'mrn', 'claim_id', 'constructor', '__proto__'],
]
const VALUES = [
  'Watchdog',
  'critical',
  'page',
  'SRE',
  'kubernetes.pod.crashloop',
  'celery.task.failed',
  'db-1:9100',
  '7',
]
const WORDS = [
  ...LABELS,
  ...VALUES,
  ...['version', 'groupKey', 'truncatedAlerts', 'status', 'firing', 'resolved', 'receiver', 'groupLabels', 'alerts'],
  ...['commonLabels', 'commonAnnotations', 'externalURL', 'labels', 'annotations', 'startsAt', 'endsAt', 'fingerprint'],
  ...['generatorURL', 'orgId', 'silenceURL', 'dashboardURL', 'panelURL', 'values', '4', '0001-01-01T00:00:00Z'],
]
/** Codes with which a webhook may be refused. */
const CODES: readonly string[] = ['invalid_json', 'invalid_alerts', 'invalid_event']

/** Webhooks of Alertmanager and Grafana, through to the event that is written. */
export const target: Target = {
  name: 'webhooks',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 8,
  maxSteps: (bytes) => 60_000 + 400 * bytes,
  seeds: () =>
    ['firing', 'resolved'].flatMap((status) =>
      [1, 3].map((count) => Buffer.from(JSON.stringify(webhookOf(status, Array.from({ length: count }, alertOf))))),
    ),
  mutate(input, other, random) {
    if (!random.oneIn(3)) return mutateBody(input, other, random, WORDS)
    const alerts = Array.from({ length: 1 + random.whole(random.oneIn(20) ? 120 : 4) }, () => freshAlert(random))
    const fresh = Buffer.from(JSON.stringify(webhookOf(random.pick(['firing', 'resolved']), alerts)))
    return random.oneIn(2) ? fresh : mutateBody(fresh, other, random, WORDS)
  },
  async open(): Promise<OpenTarget> {
    const catalogue = shippedCatalogue()
    const acceptor = createUnwritten(catalogue)
    return {
      async run(bytes, thorough) {
        try {
          const webhook = readWebhook(parseJsonBody(bytes))
          const mapped = mapWebhook(webhook, DEFAULT_ALERTMANAGER, catalogue)
          if (thorough)
            holdSame(
              mapped,
              mapWebhook(readWebhook(parseJsonBody(bytes)), DEFAULT_ALERTMANAGER, catalogue),
              'read again',
            )
          const { group, heartbeats, lostHeartbeats } = mapped
          const traits = [`${webhook.isGrafana} ${heartbeats.length > 0} ${lostHeartbeats.length > 0}`]
          if (group === undefined) return traits
          let plain = false
          const checked = checkGroup(acceptor, group, () => {
            plain = true
          })
          const { stored, definition } = await protectGroup(acceptor, checked, group)
          holdPlain(stored.data, 400_000, 'the data')
          const patients = patientValues(labelsIn(bytes))
          holdPatients(patients, JSON.stringify(stored.data), 'the data')
          holdPatients(patients, stored.correlationId ?? '', 'the correlation id')
          return [...traits, `${definition.name} ${plain} ${patients.length > 0}`, Object.keys(stored.data).join()]
        } catch (error) {
          if (!isGatewayError(error)) throw error
          hold(CODES.includes(error.code), 'refusal', () => `a webhook is refused with ${error.code}`)
          return holdProblems(error.code, error.problems, error.message, textsOf(bytes))
        }
      },
      async close() {},
    }
  },
}

function webhookOf(status: string, alerts: readonly Json[]): Json {
  return {
    status,
    alerts,
    version: '4',
    groupKey: '{}:{alertname="DiskFull"}',
    truncatedAlerts: 0,
    groupLabels: { alertname: 'DiskFull' },
    externalURL: 'http://alertmanager:9093',
  }
}

function alertOf(): Json {
  return {
    status: 'firing',
    labels: { alertname: 'DiskFull', instance: 'db-1:9100', severity: 'critical', patient_id: 'ZX12345678' },
    annotations: { summary: 'Disk of db-1 is full.', description: 'Patient ZX12345678 waits.' },
    startsAt: '2026-11-30T07:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: 'a1b2c3d4e5f60718',
  }
}

/** An alert of any labels, of which some quote the value of a patient field. */
function freshAlert(random: Random): Json {
  const patient = markedId(random)
  const value = (): string => {
    if (random.oneIn(4)) return disguised(patient, random)
    return random.oneIn(2) ? random.pick(VALUES) : anyText(random, WORDS)
  }
  const texts = () =>
    Object.fromEntries(
      Array.from({ length: random.whole(6) }, () => {
        const name = random.pick(LABELS)
        return [name, /^(?:patient|member|national)_id$|^mrn$/.test(name) ? patient : value()]
      }),
    )
  return {
    status: random.pick(['firing', 'resolved']),
    labels: { alertname: value(), ...texts() },
    annotations: texts(),
    startsAt: random.pick(TIMES),
    endsAt: random.pick(TIMES),
    ...(random.oneIn(2) ? { fingerprint: value() } : {}),
    ...(random.oneIn(4) ? { silenceURL: value(), dashboardURL: value(), values: { A: random.whole(9) } } : {}),
  }
}

/** Labels and annotations of an input whose names say what they hold. */
function labelsIn(bytes: Buffer): unknown {
  const body = readJson(bytes.toString())
  const alerts = isObject(body) && Array.isArray(body.alerts) ? body.alerts.filter(isObject) : []
  return alerts.map(({ labels, annotations }) => [labels, annotations])
}

function textsOf(bytes: Buffer): string[] {
  const body = parsed(bytes)
  return body === undefined ? [bytes.toString()] : textsIn(body)
}
