import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Engine } from '../delivery/engine.ts'
import { createTimers } from '../escalation/create-timers.ts'
import type { EscalationOptions } from '../escalation/options.ts'
import type { EscalationTimers } from '../escalation/timers.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { escalationIsOn } from '../settings/escalation-settings.ts'
import type { Settings } from '../settings/table.ts'
import { insertPagerAlerts, updatePagerAlerts } from '../store/pager-alerts.ts'
import type { Transport } from '../transports/transport.ts'

/** Escalation of a gateway. */
export interface WiredEscalation {
  /** For what people do, and for alerts that fail: on every process. */
  readonly timers: EscalationTimers
  /** Starts timers of accepted events; undefined where events do not climb. */
  readonly start: EscalationTimers['start'] | undefined
  /** Of the loop that calls due tiers and lets acknowledgements expire. */
  readonly loop: EscalationOptions & { readonly callsTiers: boolean }
}

/**
 * Makes the timers of escalation. Whether an accepted event starts one is decided by the process that accepts it. The loop of each
 * process that delivers calls the due tiers of all, unless its TEAMS_ESCALATION is off: then it only lets acknowledgements expire. What
 * is done to an event changes its timer in any process.
 */
export function wireEscalation(parts: {
  readonly settings: Settings
  readonly catalogue: Catalogue
  readonly transport: Transport
  readonly secrets: Pick<Secrets, 'pagerKey'>
  readonly engine: Engine
  readonly log: Log
  readonly metrics: Metrics
}): WiredEscalation {
  const { settings, catalogue, transport, secrets, engine, log, metrics } = parts
  const options: EscalationOptions = {
    catalogue,
    canSend: (channel) => transport.destination(channel).ready,
    pagers: new Set(catalogue.pagers.keys()),
    canAlert: (pager) => secrets.pagerKey(pager) !== undefined,
    ackTtl: {
      CRITICAL: settings.TEAMS_ACK_TTL_CRITICAL,
      HIGH: settings.TEAMS_ACK_TTL_HIGH,
      MEDIUM: settings.TEAMS_ACK_TTL_MEDIUM,
      LOW: settings.TEAMS_ACK_TTL_MEDIUM,
      INFO: settings.TEAMS_ACK_TTL_MEDIUM,
    },
    wake: engine.wake,
    callPagers: async (transaction, calls) => {
      await insertPagerAlerts(
        transaction,
        calls.flatMap(({ eventId, eventCreatedAt, fingerprint, tier, pagers }) =>
          pagers.map((pager) => ({ eventId, eventCreatedAt, pager, fingerprint, tier })),
        ),
      )
    },
    tellPagers: updatePagerAlerts,
    log,
    metrics,
  }
  const timers = createTimers(options)
  const callsTiers = settings.TEAMS_ESCALATION !== 'off'
  return {
    timers,
    start: escalationIsOn(settings) ? timers.start : undefined,
    loop: { ...options, callsTiers },
  }
}
