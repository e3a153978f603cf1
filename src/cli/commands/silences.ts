import { z } from 'zod'
import {
  type Matcher,
  readSilenceQuery,
  type SilenceDetail,
  type SilenceState,
  type SilenceView,
  silenceDetailWire,
  silencePageWire,
  silenceWire,
} from '../../contract/silences.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { changeEach } from '../change-each.ts'
import { describedBy, inColumns, moment } from '../columns.ts'
import { noteNextPage, readFlags } from '../list-filters.ts'
import { atTarget, openTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { readSilence, refusalOfFlags, type SilenceFlags } from '../read-silence.ts'
import type { TargetFlags } from '../target.ts'

/** The filters of `silences list`, as they were written. */
export interface ListSilencesOptions {
  readonly state?: string
  readonly kind?: string
  readonly limit?: string
  readonly cursor?: string
}

/** What `silences add` takes. */
export interface AddOptions extends SilenceFlags {}

/** `silences list` */
export async function listCommand(
  options: ListSilencesOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const { url: _url, token: _token, ...filters } = options
  const query = readFlags(filters, readSilenceQuery)
  return atTarget(options, 'read', output, gateways, async (target) => {
    const { silences, nextCursor } = await target.silences.list(query)
    output.answer(z.encode(silencePageWire, { silences: [...silences], nextCursor }))
    if (silences.length === 0) output.print(`No such silence in ${target.place}.`)
    else for (const line of listed(silences, output)) output.print(line)
    noteNextPage(nextCursor, output)
  })
}

/** `silences show` */
export async function showCommand(
  id: string,
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return atTarget(flags, 'read', output, gateways, async (target) => {
    const silence = await target.silences.get(id)
    output.answer(z.encode(silenceDetailWire, silence))
    for (const line of described(silence, output)) output.print(line)
  })
}

/** `silences add` */
export async function addCommand(
  options: AddOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  // What is wrong with the options is told at once. To open a database may take seconds, which --for must not lose.
  readSilence(options, new Date())
  const target = await openTarget(options, 'act', output, gateways)
  try {
    const made = await target.silences.create(readSilence(options, new Date()))
    output.answer(z.encode(silenceDetailWire, made))
    for (const line of described(made, output)) output.print(line)
    return EXIT.ok
  } catch (error) {
    throw isGatewayError(error, 'invalid_silence') ? refusalOfFlags(error, options) : error
  } finally {
    await target.close()
  }
}

/** `silences end`: ends all that can be, and then tells of the others. */
export async function endCommand(
  ids: readonly string[],
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const target = await openTarget(flags, 'act', output, gateways)
  try {
    const changes = await changeEach(ids, ['not_found', 'silence_over'], (id) => target.silences.end(id))
    const { done, refused } = changes
    output.answer({
      silences: done.map((silence) => z.encode(silenceWire, { ...silence, matchers: [...silence.matchers] })),
      refused,
    })
    for (const line of inColumns(done.map(({ id, state }) => [id, painted(state, output)]))) output.print(line)
    return changes.report(output)
  } finally {
    await target.close()
  }
}

function listed(silences: readonly SilenceView[], output: Output): string[] {
  const head = ['STATE', 'KIND', 'FROM', 'UNTIL', 'EVERY', 'BY', 'REASON', 'MATCHERS', 'ID']
  return inColumns([
    head.map((title) => output.paint('dim', title)),
    ...silences.map((one) => [
      painted(one.state, output),
      one.kind,
      moment(one.occurrence?.startsAt ?? one.startsAt),
      moment(one.occurrence?.endsAt ?? one.endedAt ?? one.endsAt),
      one.every ?? '',
      onOneLine(one.createdBy),
      onOneLine(one.reason),
      one.matchers.map(written).join(' '),
      one.id,
    ]),
  ])
}

function* described(silence: SilenceDetail, output: Output): Iterable<string> {
  const { occurrence, endedAt, endedBy } = silence
  const facts: [string, string | null][] = [
    [silence.kind, silence.id],
    ['state', painted(silence.state, output)],
    ['reason', onOneLine(silence.reason)],
    ['from', moment(silence.startsAt)],
    ['until', moment(silence.endsAt)],
    ['comes again', silence.every && `every ${silence.every}`],
    ['now or next', silence.every && occurrence && `${moment(occurrence.startsAt)} to ${moment(occurrence.endsAt)}`],
    ['made', `${moment(silence.createdAt)} by ${onOneLine(silence.createdBy)}`],
    ['ended', endedAt && `${moment(endedAt)} by ${onOneLine(endedBy ?? '')}`],
    ['kept back', String(silence.keptBack)],
  ]
  yield* describedBy(facts, output)
  yield `\n${output.paint('bold', 'Matchers')}`
  for (const matcher of silence.matchers) yield `  ${written(matcher)}`
}

function written({ field, operator, value }: Matcher): string {
  return onOneLine(`${field}${operator}${value}`)
}

function painted(state: SilenceState, output: Output): string {
  if (state === 'active') return output.paint('yellow', state)
  return state === 'over' ? output.paint('dim', state) : state
}
