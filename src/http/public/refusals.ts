import type { Actor } from '../../contract/actions.ts'
import type { LinkRefusalCode } from '../../contract/link-refusals.ts'
import type { LinkPayload } from '../../contract/link-token.ts'
import type { RecordLinkRefusal } from '../../gateway/link-refusals.ts'
import type { Log } from '../../kernel/log.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { createRateLimit } from './rate-limits.ts'

/** Log lines and entries per minute: of one refusal of one link, and of all together. More are only counted. */
const PER_LINK = 2
const IN_ALL = 60

/** What recording refusals needs. */
export interface RefusalParts {
  readonly service: RecordLinkRefusal
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => Date
}

/** Records refusals. */
export interface Refusals {
  /** Records one refusal. Never throws: the person gets the page with its code all the same. */
  record(code: LinkRefusalCode, link?: LinkPayload, actor?: Actor): Promise<void>
}

/**
 * Makes the recorder: each refusal is counted, and is a line of the log and an entry of the audit trail, within limits that keep a
 * flood out of both.
 */
export function createRefusals({ service, metrics, log, now }: RefusalParts): Refusals {
  const perLink = createRateLimit(PER_LINK, now)
  const inAll = createRateLimit(IN_ALL, now)
  return {
    async record(code, link, actor) {
      metrics.count('teams_link_refusals_total', { code })
      if (!perLink.take(`${code} ${link?.notificationId ?? ''} ${actor?.id ?? ''}`) || !inAll.take('')) return
      log.write('link_refused', { code, notification_id: link?.notificationId ?? null })
      try {
        await service.recordLinkRefusal({
          code,
          notificationId: link?.notificationId ?? null,
          action: link?.action ?? null,
          actor: actor ? { via: actor.via, id: actor.id, name: actor.name } : null,
        })
      } catch (error) {
        log.write('link_refusal_unrecorded', { err: error, code })
      }
    },
  }
}
