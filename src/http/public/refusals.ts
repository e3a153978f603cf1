import type { Actor } from '../../contract/actions.ts'
import type { LinkRefusalCode, RefusedLink } from '../../contract/link-refusals.ts'
import type { LinkPayload } from '../../contract/link-token.ts'
import type { RecordLinkRefusal } from '../../gateway/link-refusals.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { createRateLimit, MINUTE_MS } from './rate-limits.ts'

/** Log lines and entries per minute that stand for one refusal: of one link and person, and of all together. */
const PER_LINK = 2
const IN_ALL = 60
/** Links and people whose further refusals of a minute have an entry each. Of more, those of one code have one together. */
const MAX_COUNTED = 60

/** What recording refusals needs. */
export interface RefusalParts {
  readonly service: RecordLinkRefusal
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => Date
  readonly after: Clock['after']
}

/** Records refusals. */
export interface Refusals {
  /** Records one refusal. Never throws: the person gets the page with its code all the same. */
  record(code: LinkRefusalCode, link?: LinkPayload, actor?: Actor): Promise<void>
  /** Records the refusals that were only counted until now. Called when the minute is over, and before the listener ends. */
  flush(): Promise<void>
}

/**
 * Makes the recorder: each refusal is counted, and is a line of the log and an entry of the audit trail, within limits that keep a
 * flood out of both. Refusals beyond the limits are recorded as one entry with their number when the minute is over, so that none
 * is left out; a process that is killed loses those of its last minute.
 */
export function createRefusals({ service, metrics, log, now, after }: RefusalParts): Refusals {
  const perLink = createRateLimit(PER_LINK, now)
  const inAll = createRateLimit(IN_ALL, now)
  const further = new Map<string, { readonly refused: RefusedLink; count: number }>()
  let cancelFlush: (() => void) | undefined

  async function write(refused: RefusedLink): Promise<void> {
    const { code, notificationId, count } = refused
    log.write('link_refused', { code, notification_id: notificationId, count })
    try {
      await service.recordLinkRefusal(refused)
    } catch (error) {
      log.write('link_refusal_unrecorded', { err: error, code })
    }
  }

  function countFurther(key: string, refused: RefusedLink): void {
    const { code } = refused
    const isNew = !further.has(key) && further.size >= MAX_COUNTED
    const counted = further.get(isNew ? code : key) ?? {
      refused: isNew ? { ...refused, notificationId: null, action: null, actor: null } : refused,
      count: 0,
    }
    counted.count += 1
    further.set(isNew ? code : key, counted)
    cancelFlush ??= after(MINUTE_MS - (now().getTime() % MINUTE_MS), () => void flush())
  }

  async function flush(): Promise<void> {
    cancelFlush?.()
    cancelFlush = undefined
    const counted = [...further.values()]
    further.clear()
    for (const { refused, count } of counted) await write({ ...refused, count })
  }

  return {
    flush,
    async record(code, link, actor) {
      metrics.count('teams_link_refusals_total', { code })
      const refused: RefusedLink = {
        code,
        notificationId: link?.notificationId ?? null,
        action: link?.action ?? null,
        actor: actor ? { via: actor.via, id: actor.id, name: actor.name } : null,
        count: 1,
      }
      const key = `${code} ${link?.notificationId ?? ''} ${actor?.id ?? ''}`
      if (perLink.take(key) && inAll.take('')) await write(refused)
      else countFurther(key, refused)
    },
  }
}
