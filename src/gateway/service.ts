import type { GatewayService } from '../contract/service.ts'
import { type AcceptsFromSources, createAcceptFromSource } from './accept-from-source.ts'
import { createActions, type FindFirstAction } from './actions.ts'
import { createAlerts } from './alerts.ts'
import { createArchiveUse } from './archive.ts'
import { createAudit } from './audit.ts'
import { createCalls, type UseCaseParts } from './calls.ts'
import { createChannels } from './channels.ts'
import { createEscalations } from './escalations.ts'
import { createHealth } from './health.ts'
import { createHeartbeats } from './heartbeats.ts'
import { createLinkRefusals, type RecordLinkRefusal } from './link-refusals.ts'
import { createNotifications } from './notifications.ts'
import { createPagerWebhooks, type ReceivePagerWebhooks } from './pager-webhooks.ts'
import { createSendCheckpoint, type SendCheckpoint } from './send-checkpoint.ts'
import { createSendEvents, type SendEvents } from './send-events.ts'
import { createSilences } from './silences.ts'
import { createSources } from './sources.ts'
import { createStats } from './stats.ts'

/** The gateway's service, with the use cases that need the same process. */
export interface LocalService
  extends GatewayService,
    SendEvents,
    SendCheckpoint,
    FindFirstAction,
    AcceptsFromSources,
    RecordLinkRefusal,
    ReceivePagerWebhooks {
  /** Resolves when the calls in flight have ended, so that the database can be closed. */
  whenIdle(): Promise<void>
}

/** Makes the service that HTTP, the command line and the library call, from all use cases. */
export function createService(parts: UseCaseParts): LocalService {
  const { wrap, whenIdle } = createCalls(parts)
  const actions = createActions(parts)
  const fromSources = createAcceptFromSource(parts)
  const heartbeats = createHeartbeats(parts, fromSources)
  return {
    ...wrap({
      ...createSendEvents(parts),
      ...createAlerts(parts, heartbeats),
      ...fromSources,
      ...heartbeats,
      ...createSendCheckpoint(parts),
      ...createNotifications(parts, actions.act),
      ...actions,
      ...createChannels(parts),
      ...createSources(parts),
      ...createSilences(parts),
      ...createEscalations(parts),
      ...createStats(parts),
      ...createArchiveUse(parts),
      ...createAudit(parts),
      ...createHealth(parts),
      ...createLinkRefusals(parts),
      ...createPagerWebhooks(parts, actions.act),
    }),
    whenIdle,
  }
}
