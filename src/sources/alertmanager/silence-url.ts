import type { Labels, Webhook } from './webhook.ts'

/** Most characters of a URL in a card's data; longer ones are left out. */
const MAX_LENGTH = 2_000

/**
 * The address at which the sender offers to silence the alerts, with the labels filled in that make the group, and the alert's
 * name. A silence by all common labels would end with the pod that it names.
 *
 * @param common labels of all alerts that fire
 */
export function silenceUrlOf(
  { isGrafana, externalUrl, groupLabels, alerts }: Webhook,
  common: Labels,
): string | undefined {
  const [alert, ...others] = alerts
  if (others.length === 0 && alert?.silenceUrl !== undefined) return short(alert.silenceUrl)
  const base = externalUrl === undefined ? null : URL.parse(externalUrl)
  if (base === null || !/^https?:$/.test(base.protocol)) return undefined
  const name = common.get('alertname')
  const labels = new Map([...(name === undefined ? [] : [['alertname', name] as const]), ...groupLabels])
  const matchers = labels.size > 0 ? labels : common
  if (matchers.size === 0) return undefined
  base.hash = ''
  base.search = ''
  const start = base.href.replace(/\/+$/, '')
  if (isGrafana) {
    const query = new URLSearchParams([
      ['alertmanager', 'grafana'],
      ...[...matchers].map(([label, value]): [string, string] => ['matcher', `${label}=${value}`]),
    ])
    return short(`${start}/alerting/silence/new?${query}`)
  }
  const filter = [...matchers].map(([label, value]) => `${label}=${quoted(value)}`).join(',')
  return short(`${start}/#/silences/new?filter=${encodeURIComponent(`{${filter}}`.toWellFormed())}`)
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

function short(url: string): string | undefined {
  return url.length > MAX_LENGTH ? undefined : url
}
