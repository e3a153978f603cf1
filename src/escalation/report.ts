import { UNREACHED } from '../contract/escalations.ts'
import type { CalledTier } from './call-tiers.ts'
import type { EscalationOptions } from './options.ts'

/** Logs and counts tiers that were called, after their transaction was committed. */
export function reportCalled(
  tiers: readonly CalledTier[],
  { log, metrics }: Pick<EscalationOptions, 'log' | 'metrics'>,
): void {
  for (const { escalation, called } of tiers) {
    const { eventId, eventType, priority, policy, event } = escalation
    const { tier, notifications, pagers, unreached, byHand } = called
    const fields = {
      event_id: eventId,
      correlation_id: event?.correlationId ?? null,
      event_type: eventType,
      priority,
      policy,
      tier,
    }
    if (notifications.length + pagers.length === 0) {
      const problems = unreached.map(({ name, why }) => `${name}: ${UNREACHED[why]}`)
      log.write('escalation_reached_nobody', { ...fields, problems })
      metrics.count('teams_escalation_reached_nobody_total', { priority })
      continue
    }
    log.write('escalation_tier_called', { ...fields, channels: notifications.map(({ channel }) => channel), pagers })
    const cause = byHand ? 'person' : 'timer'
    metrics.count('teams_escalation_tiers_called_total', { priority, tier: String(tier), cause })
  }
}
