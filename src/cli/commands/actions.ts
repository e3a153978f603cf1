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
import { inColumns, moment, namedValues } from '../columns.ts'
import { noteNextPage, readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { type ActFlags, actionFlagError, readAction } from '../read-action.ts'
import type { TargetFlags } from '../target.ts'

/** The filters of `actions list`, not yet parsed. */
export interface ListActionsOptions {
  readonly eventId?: string
  readonly correlationId?: string
  readonly action?: string
  readonly state?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
  readonly cursor?: string
}

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
export async function listCommand(
  options: ListActionsOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const { url: _url, token: _token, ...filters } = options
  const query = readFlags(filters, readActionQuery)
  return withTarget(options, 'read', output, gateways, async (target) => {
    const { actions, nextCursor } = await target.actions.list(query)
    output.answer(z.encode(actionPageWire, { actions: [...actions], nextCursor }))
    if (actions.length === 0) output.print(`No such action in ${target.place}.`)
    else for (const line of listed(actions, output)) output.print(line)
    noteNextPage(nextCursor, output)
    return EXIT.ok
  })
}

/** `actions show` */
export async function showCommand(
  id: string,
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return withTarget(flags, 'read', output, gateways, async (target) => {
    const action = await target.actions.get(id)
    output.answer(z.encode(actionWire, action))
    for (const line of described(action, output)) output.print(line)
    return EXIT.ok
  })
}

function listed(actions: readonly ActionView[], output: Output): string[] {
  const head = ['ASKED FOR', 'ACTION', 'STATE', 'RESULT', 'BY', 'VERIFIED', 'EVENT TYPE', 'CORRELATION ID', 'ID']
  return inColumns([
    head.map((title) => output.paint('dim', title)),
    ...actions.map((action) => [
      moment(action.requestedAt),
      action.action,
      painted(action, output),
      action.result ?? '',
      onOneLine(action.by),
      action.verified ? 'yes' : 'no',
      action.eventType ?? '',
      onOneLine(action.correlationId ?? ''),
      action.id,
    ]),
  ])
}

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
