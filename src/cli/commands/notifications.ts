import { z } from 'zod'
import { readNotificationQuery } from '../../contract/notification-query.ts'
import {
  type NotificationDetail,
  notificationDetailWire,
  notificationPageWire,
  notificationWire,
} from '../../contract/notifications.ts'
import type { ExitCode } from '../../kernel/exit-codes.ts'
import { changeEach } from '../change-each.ts'
import { inColumns, moment, namedValues, painted } from '../columns.ts'
import { listCommandOf, showCommandOf } from '../list-and-show.ts'
import { listHints, readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import type { TargetFlags } from '../target.ts'

/** `notifications list` */
export const listCommand = listCommandOf({
  one: 'notification',
  readFilters: ({ digest, ...filters }) =>
    readFlags({ ...filters, digestId: digest }, readNotificationQuery, { digest_id: '--digest' }),
  list: (target, query) => target.list(query),
  rows: ({ notifications }) => notifications,
  toJson: (page) => z.encode(notificationPageWire, page),
  columns: {
    ACCEPTED: ({ createdAt }) => moment(createdAt),
    STATE: ({ state }, output) => painted(state, output),
    PRIORITY: ({ priority }) => priority,
    CHANNEL: ({ channel }) => channel,
    'EVENT TYPE': ({ eventType }) => eventType,
    'CORRELATION ID': ({ correlationId }) => onOneLine(correlationId),
    ID: ({ id }) => id,
  },
  hints: async (query, target) =>
    query.channel === undefined && query.eventType === undefined ? [] : listHints(query, await target.filterNames()),
})

/** `notifications show` */
export const showCommand = showCommandOf({
  get: (target, id) => target.get(id),
  toJson: (detail) => z.encode(notificationDetailWire, detail),
  describe: described,
})

/** `notifications replay`: replays each notification that can be, and reports the refused ones at the end. */
export async function replayCommand(
  ids: readonly string[],
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return withTarget(flags, 'act', output, gateways, async (target) => {
    const changes = await changeEach(ids, ['not_found', 'not_replayable'], (id) => target.replay(id))
    const { done } = changes
    const now = (done.length > 0 && (await target.deliver(done.map(({ id }) => id)))) || done
    output.answer({
      notifications: now.map((notification) => z.encode(notificationWire, notification)),
      refused: changes.refused,
    })
    for (const line of inColumns(now.map(({ id, channel, state }) => [id, channel, painted(state, output)])))
      output.print(line)
    return changes.report(output)
  })
}

function* described(detail: NotificationDetail, output: Output): Iterable<string> {
  const facts: [string, string | null][] = [
    ['notification', detail.id],
    ['event', `${detail.eventType} (${detail.eventId})`],
    ['correlation id', detail.correlationId],
    ['priority', detail.priority],
    ['stakeholders', detail.stakeholders.join(', ')],
    ['channel', detail.channel],
    ['state', detail.reason === null ? detail.state : `${detail.state} (${detail.reason})`],
    ['language', detail.language],
    ['webhook URL', detail.webhookUrl],
    ['HTTP status', detail.statusCode === null ? null : String(detail.statusCode)],
    ['retries', String(detail.retryCount)],
    ['error', detail.errorMessage],
    ['accepted at', moment(detail.createdAt)],
    ['first sent at', detail.sentAt && moment(detail.sentAt)],
    ['taken by Teams at', detail.acceptedAt && moment(detail.acceptedAt)],
    ['next attempt at', detail.nextAttemptAt && moment(detail.nextAttemptAt)],
    ['stands in digest', detail.digestId],
    ['kept back by', detail.silenceId],
    ['repeats', detail.repeatOf],
    ['repeated', repeated(detail)],
    ['resolved at', detail.resolvedAt && moment(detail.resolvedAt)],
    ['resolved by event', detail.resolvedBy],
  ]
  yield* namedValues(
    facts.map(([name, value]) => [name, value === null ? null : onOneLine(value)]),
    output,
  )
  yield* section(
    'Attempts',
    detail.attempts.map((attempt) => [
      String(attempt.attempt),
      moment(attempt.startedAt),
      `${attempt.finishedAt.getTime() - attempt.startedAt.getTime()} ms`,
      attempt.outcome,
      onOneLine(attempt.message ?? ''),
      attempt.repeat ? 'may have been shown twice' : '',
    ]),
    output,
  )
  yield* section(
    'Actions',
    detail.actions.map(({ action, by, at }) => [moment(at), action, onOneLine(by)]),
    output,
  )
  yield* section(
    'Pager alerts',
    detail.pagerAlerts.map(({ pager, tier, state, acknowledgedBy, code }) => [
      onOneLine(pager),
      `tier ${tier}`,
      state,
      acknowledgedBy === null ? '' : `by ${onOneLine(acknowledgedBy)}`,
      code ?? '',
    ]),
    output,
  )
  yield* section(
    'Data',
    Object.entries(detail.data).map(([name, value]) => [onOneLine(name), onOneLine(JSON.stringify(value))]),
    output,
  )
  if (detail.card) yield '\nThe card itself is shown with --json.'
}

function repeated({ repeatCount, lastRepeatAt }: NotificationDetail): string | null {
  if (repeatCount === 0 || lastRepeatAt === null) return null
  return repeatCount === 1
    ? `once, at ${moment(lastRepeatAt)}`
    : `${repeatCount} times, last at ${moment(lastRepeatAt)}`
}

function* section(title: string, rows: readonly (readonly string[])[], output: Output): Iterable<string> {
  if (rows.length === 0) return
  yield `\n${output.paint('bold', title)}`
  yield* inColumns(rows, '  ')
}
