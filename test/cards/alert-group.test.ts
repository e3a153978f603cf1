import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createRenderer } from '../../src/cards/renderer.ts'
import type { Language } from '../../src/catalogue/language.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { mapWebhook } from '../../src/sources/alertmanager/group.ts'
import { readWebhook } from '../../src/sources/alertmanager/webhook.ts'
import { elementsOf, readable } from './inspect.ts'
import { OPTIONS, REGISTRY, requestFor } from './setup.ts'

const renderer = createRenderer(OPTIONS)

/** The card of a group of pods whose webhook leaves 7 more out. */
function cardOf(pods: number, language: Language): JsonObject {
  const file = new URL('../fixtures/alertmanager/group-firing.json', import.meta.url)
  const body = JSON.parse(readFileSync(file, 'utf8'))
  const [alert] = body.alerts
  body.truncatedAlerts = 7
  body.alerts = Array.from({ length: pods }, (_, index) => ({
    ...alert,
    labels: { ...alert.labels, pod: `api-${index}`, node: `worker-${index}` },
    fingerprint: String(index),
  }))
  const source = REGISTRY.alertmanagers.get('default')
  const { group } = source ? mapWebhook(readWebhook(body), source, REGISTRY) : {}
  const data = group?.event.data as JsonObject
  return renderer.render(requestFor('kubernetes.pod.crashloop', language, { event: { data } })).card
}

it.each([
  ['en', 'Alerts', '… and 497 more', 'Silence'],
  ['ar', 'التنبيهات', 'غير المعروضة: 497', 'كتم التنبيه'],
] as const)('a card of 500 alerts in %s lists ten of them, counts the rest and can silence the group', (...words) => {
  const [language, heading, more, silence] = words
  const card = cardOf(500, language)
  const lines = readable(card).split('\n')
  expect(lines).toContain(heading)
  expect(lines.filter((line) => line.includes('pod=api-'))).toHaveLength(10)
  expect(lines.some((line) => line.includes(more))).toBe(true)
  const buttons = elementsOf(card).filter(({ type }) => type === 'Action.OpenUrl')
  expect(buttons.find(({ title }) => title === silence)?.url).toBe(
    `https://alertmanager.example.sa/#/silences/new?filter=${encodeURIComponent('{alertname="KubePodCrashLooping",namespace="claims"}')}`,
  )
})
