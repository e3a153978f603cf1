import { z } from 'zod'
import {
  ACTION_RESULTS,
  type ActionAnswer,
  type ActionView,
  actionPageWire,
  actionWire,
  readActionQuery,
} from '../../contract/actions.ts'
import { answerToWire } from '../../contract/actions-request.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { moment, namedValues } from '../columns.ts'
import { listCommandOf, showCommandOf } from '../list-and-show.ts'
import { readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { type ActFlags, actionFlagError, readAction } from '../read-action.ts'
import type { TargetFlags } from '../target.ts'

/** `act`: exit code 1 where the action was refused or failed. */
export async function actCommand(
  action: string,
  flags: ActFlags & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const request = readAction(action, flags)
  return withTarget(flags, 'act', output, gateways, async (target) => {
    const answer = await target.actions.act(request).catch((error: unknown) => {
      throw actionFlagError(error)
    })
    const now =
      answer.action === 'replay' && answer.notification ? await target.deliver([answer.notification.id]) : undefined
    const shown = { ...answer, notification: now?.[0] ?? answer.notification }
    output.answer(answerToWire(shown))
    for (const line of described(shown, output)) output.print(line)
    return answer.state === 'refused' || answer.state === 'failed' ? EXIT.no : EXIT.ok
  })
}

/** `actions list` */
export const listCommand = listCommandOf({
  one: 'action',
  readFilters: (filters) => readFlags(filters, readActionQuery),
  list: (target, query) => target.actions.list(query),
  rows: ({ actions }) => actions,
  toJson: ({ actions, nextCursor }) => z.encode(actionPageWire, { actions: [...actions], nextCursor }),
  columns: {
    'ASKED FOR': ({ requestedAt }) => moment(requestedAt),
    ACTION: ({ action }) => action,
    STATE: (action, output) => painted(action, output),
    RESULT: ({ result }) => result ?? '',
    BY: ({ by }) => onOneLine(by),
    VERIFIED: ({ verified }) => (verified ? 'yes' : 'no'),
    'EVENT TYPE': ({ eventType }) => eventType ?? '',
    'CORRELATION ID': ({ correlationId }) => onOneLine(correlationId ?? ''),
    ID: ({ id }) => id,
  },
})

/** `actions show` */
export const showCommand = showCommandOf({
  get: (target, id) => target.actions.get(id),
  toJson: (action) => z.encode(actionWire, action),
  describe: described,
})

function* described(action: ActionView | ActionAnswer, output: Output): Iterable<string> {
  const { result, reason, note, data, notification } = { notification: null, ...action }
  const facts: [string, string | null][] = [
    [action.action, action.id],
    ['state', painted(action, output)],
    ['result', result],
    ['event', `${action.eventType ?? ''} (${action.eventId})`],
    ['correlation id', action.correlationId],
    ['notification', action.notificationId],
    ['done to events', action.state === 'done' ? String(action.events) : null],
    ['by', `${action.by} (${action.via}${action.verified ? ', verified' : ''})`],
    ['reason', reason],
    ['note', note],
    ['tier', action.tier === null ? null : String(action.tier)],
    ['repeats quiet until', action.quietUntil && moment(action.quietUntil)],
    ['asked for', moment(action.requestedAt)],
    ['finished', action.finishedAt && moment(action.finishedAt)],
    ['data', data === null ? null : JSON.stringify(data)],
    ['now', notification && `${notification.channel}: ${notification.state}`],
  ]
  yield* namedValues(
    facts.map(([name, value]) => [name, value === null || name === 'state' ? value : onOneLine(value)]),
    output,
  )
  if (result !== null) yield `\n${ACTION_RESULTS[result].title}. ${ACTION_RESULTS[result].todo}`
}

function painted({ state }: ActionView, output: Output): string {
  if (state === 'done') return output.paint('green', state)
  return state === 'requested' || state === 'running' ? output.paint('yellow', state) : output.paint('red', state)
}
