import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import { createAcceptor } from '../../src/intake/acceptor.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { parseYaml } from '../../src/kernel/yaml.ts'
import { METRICS } from '../../src/metrics/table.ts'
import { mapWebhook } from '../../src/sources/alertmanager/group.ts'
import { readWebhook } from '../../src/sources/alertmanager/webhook.ts'

const folder = fileURLToPath(new URL('../../examples/prometheus/', import.meta.url))
const names = globSync('*.yml', { cwd: folder }).map((file) => basename(file, '.yml'))
const texts = z.record(z.string(), z.string())

const rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ alert: z.string(), expr: z.string(), labels: texts, annotations: texts })),
    }),
  ),
})
const cases = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z.array(
        z.object({
          alertname: z.string(),
          exp_alerts: z.array(z.object({ exp_labels: texts, exp_annotations: texts })),
        }),
      ),
    }),
  ),
})

function read<T>(file: string, schema: z.ZodType<T>): T {
  const parsed = parseYaml(readFileSync(`${folder}${file}`, 'utf8'))
  if (!parsed.ok) throw new Error(`${file} is no YAML`)
  return schema.parse(parsed.value)
}

describe.each(names)('examples/prometheus/%s.yml', (name) => {
  const alerts = read(`${name}.yml`, rules).groups.flatMap((group) => group.rules)
  const tests = read(`tests/${name}.test.yml`, cases).tests.flatMap((test) => test.alert_rule_test)

  it('passes promtool, with a case in which each alert fires and one in which it does not', async () => {
    const { stdout } = await promisify(execFile)('promtool', ['test', 'rules', `${folder}tests/${name}.test.yml`])
    expect(stdout).toContain('SUCCESS')
    for (const { alert } of alerts) {
      const own = tests.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length)
      expect({
        alert,
        fires: own.filter((count) => count > 0).length,
        quiet: own.filter((count) => count === 0).length,
      }).toEqual({ alert, fires: 1, quiet: 1 })
    }
  })

  it('makes events of the types that its labels name, with the priority of their severity', () => {
    for (const { alertname, exp_alerts } of tests)
      for (const { exp_labels, exp_annotations } of exp_alerts) {
        const { event, isTypeUnknown } = eventOf({ alertname, ...exp_labels }, exp_annotations)
        expect({ alertname, isTypeUnknown, ...event }).toMatchObject({
          isTypeUnknown: false,
          eventType: exp_labels.event_type ?? 'prometheus.alert.firing',
          priority: PRIORITIES[exp_labels.severity ?? ''],
        })
        expect(acceptor.check([event])).toHaveLength(1)
      }
  })

  it('has a runbook in each alert, and names metrics of the gateway that there are', () => {
    expect(alerts.filter(({ annotations }) => !annotations.runbook_url || !annotations.summary)).toEqual([])
    const own = alerts.flatMap(({ expr }) => expr.match(/\bteams_[a-z_]+/g) ?? [])
    expect(own.filter((metric) => !(metric in METRICS))).toEqual([])
  })
})

const PRIORITIES: Readonly<Record<string, string>> = { critical: 'CRITICAL', high: 'HIGH', warning: 'MEDIUM' }

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const acceptor = createAcceptor({
  catalogue,
  phiPolicy: 'mask',
  keyTtl: 60,
  repeats: { window: 300, acknowledged: { CRITICAL: 1, HIGH: 1, MEDIUM: 1 } },
  clock: systemClock,
  wake: async () => undefined,
})

/** The event of an alert that fires alone, as Alertmanager sends it. */
function eventOf(labels: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>>) {
  const source = catalogue.alertmanagers.get('default')
  if (source === undefined) throw new Error('there is no default')
  const webhook = readWebhook({
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'teams',
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: 'http://alertmanager.example.sa',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: '2026-11-30T07:00:00Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: 'c5b1e0a3f9d27d41',
      },
    ],
  })
  const { group } = mapWebhook(webhook, source, catalogue)
  if (group === undefined) throw new Error('there is no group')
  return group
}
