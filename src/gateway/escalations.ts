import type { EscalationView } from '../contract/escalations.ts'
import type { PagerAlert } from '../contract/pager-alerts.ts'
import type { GatewayService } from '../contract/service.ts'
import { plannedStep, targetOf, tierCount } from '../escalation/next-step.ts'
import { cursorAfter, type ListedEscalation, listEscalations } from '../store/list-escalations.ts'
import { readPagerAlerts } from '../store/pager-alerts.ts'
import type { UseCaseParts } from './calls.ts'

/** The use case of looking who is called next. */
export function createEscalations({
  database,
  catalogue,
}: Pick<UseCaseParts, 'database' | 'catalogue'>): Pick<GatewayService, 'listEscalations'> {
  const { calendars } = catalogue.escalation

  function viewOf(escalation: ListedEscalation, pagerAlerts: readonly PagerAlert[]): EscalationView {
    const { plan, eventId, eventType, priority, policy, state, reason, tier, round, since } = escalation
    return {
      eventId,
      correlationId: escalation.correlationId,
      eventType,
      priority,
      policy,
      state,
      reason,
      tier,
      tiers: tierCount(plan, escalation.nextAt ?? since, calendars),
      round,
      since,
      nextAt: escalation.nextAt,
      next: whatIsNext(escalation),
      heldBy: escalation.heldBy,
      ackExpiresAt: escalation.ackExpiresAt,
      pagerAlerts: pagerAlerts.filter((pagerAlert) => pagerAlert.eventId === eventId),
    }
  }

  function whatIsNext(escalation: ListedEscalation): EscalationView['next'] {
    const { plan, state, nextAt, remindedAt } = escalation
    if (nextAt === null) return null
    if (state === 'acknowledged') {
      const isReminder = remindedAt === null
      return {
        what: isReminder ? 'reminder' : 'expiry',
        tier: null,
        channels: isReminder ? plan.own : [],
        pagers: [],
      }
    }
    const step = plannedStep(plan, escalation, calendars)
    const target = step && targetOf(plan, step.tier, nextAt, calendars)
    return { what: 'tier', tier: step?.tier ?? null, channels: target?.channels ?? [], pagers: target?.pagers ?? [] }
  }

  return {
    async listEscalations(query) {
      const found = await listEscalations(database.kysely, query)
      const page = found.slice(0, query.limit)
      const last = page.at(-1)
      const pagerAlerts = await readPagerAlerts(
        database.kysely,
        page.map(({ eventId }) => eventId),
      )
      return {
        escalations: page.map((escalation) => viewOf(escalation, pagerAlerts)),
        nextCursor: found.length > query.limit && last ? cursorAfter(last) : null,
      }
    },
  }
}
