import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { HeartbeatDefinition } from '../../catalogue/heartbeats.ts'
import type { Ping } from '../../contract/heartbeats.ts'
import type { MappedWebhook } from './group.ts'
import type { Alert } from './webhook.ts'

/** What an alert reports to a heartbeat. */
interface HeartbeatReport {
  readonly heartbeat: string
  readonly ping: Ping
}

/**
 * What the alerts of a webhook that must keep firing report to the heartbeats of their source: a success while they fire, a failure once
 * one of them is resolved.
 */
export function heartbeatReports(
  { heartbeats }: Pick<Catalogue, 'heartbeats'>,
  source: string,
  alerts: Pick<MappedWebhook, 'heartbeats' | 'lostHeartbeats'>,
): readonly HeartbeatReport[] {
  return [...heartbeats.values()].flatMap((definition): readonly HeartbeatReport[] => {
    if (definition.alertmanager?.source !== source) return []
    const isOwn = (alert: Alert) => isOf(definition, alert)
    const lost = alerts.lostHeartbeats.find(isOwn)
    if (lost !== undefined) {
      const output = Buffer.from(
        `The alert ${lost.labels.get('alertname') ?? ''} has to keep firing, and was resolved.`,
      )
      return [{ heartbeat: definition.name, ping: { signal: 'failure', output } }]
    }
    return alerts.heartbeats.some(isOwn) ? [{ heartbeat: definition.name, ping: { signal: 'success' } }] : []
  })
}

function isOf({ alertmanager }: HeartbeatDefinition, { labels }: Alert): boolean {
  return alertmanager?.alert === undefined || labels.get('alertname') === alertmanager.alert
}
