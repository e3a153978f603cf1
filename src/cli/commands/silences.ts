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
import { inColumns, moment, namedValues } from '../columns.ts'
import { noteNextPage, readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { readSilence, refusalOfFlags, type SilenceFlags } from '../read-silence.ts'
import type { TargetFlags } from '../target.ts'

/** The filters of `silences list`, not yet parsed. */
export interface ListSilencesOptions {
  readonly state?: string
  readonly kind?: string
  readonly limit?: string
  readonly cursor?: string
}

/** `silences list` */
export async function listCommand(
  options: ListSilencesOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const { url: _url, token: _token, ...filters } = options
  const query = readFlags(filters, readSilenceQuery)
  return withTarget(options, 'read', output, gateways, async (target) => {
    const { silences, nextCursor } = await target.silences.list(query)
    output.answer(z.encode(silencePageWire, { silences: [...silences], nextCursor }))
    if (silences.length === 0) output.print(`No such silence in ${target.place}.`)
    else for (const line of listed(silences, output)) output.print(line)
    noteNextPage(nextCursor, output)
    return EXIT.ok
  })
}

/** `silences show` */
export async function showCommand(
  id: string,
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return withTarget(flags, 'read', output, gateways, async (target) => {
    const silence = await target.silences.get(id)
    output.answer(z.encode(silenceDetailWire, silence))
    for (const line of described(silence, output)) output.print(line)
    return EXIT.ok
  })
}

/** `silences add` */
export async function addCommand(
  options: SilenceFlags & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  // Read twice: first to report wrong options before a database is opened. That may take seconds, and --for counts from its end.
  readSilence(options, new Date())
  return withTarget(options, 'act', output, gateways, async (target) => {
    const input = readSilence(options, new Date())
    const made = await target.silences.create(input).catch((error: unknown) => {
      throw isGatewayError(error, 'invalid_silence') ? refusalOfFlags(error, options) : error
    })
    output.answer(z.encode(silenceDetailWire, made))
    for (const line of described(made, output)) output.print(line)
    return EXIT.ok
  })
}

/** `silences end`: ends each silence that can be, and reports the refused ones at the end. */
export async function endCommand(
  ids: readonly string[],
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return withTarget(flags, 'act', output, gateways, async (target) => {
    const changes = await changeEach(ids, ['not_found', 'silence_over'], (id) => target.silences.end(id))
    const { done, refused } = changes
    output.answer({
      silences: done.map((silence) => z.encode(silenceWire, { ...silence, matchers: [...silence.matchers] })),
      refused,
    })
    for (const line of inColumns(done.map(({ id, state }) => [id, painted(state, output)]))) output.print(line)
    return changes.report(output)
  })
}

function listed(silences: readonly SilenceView[], output: Output): string[] {
  const head = ['STATE', 'KIND', 'FROM', 'UNTIL', 'EVERY', 'BY', 'REASON', 'MATCHERS', 'ID']
  return inColumns([
    head.map((title) => output.paint('dim', title)),
    ...silences.map((silence) => [
      painted(silence.state, output),
      silence.kind,
      moment(silence.occurrence?.startsAt ?? silence.startsAt),
      moment(silence.occurrence?.endsAt ?? silence.endedAt ?? silence.endsAt),
      silence.every ?? '',
      onOneLine(silence.createdBy),
      onOneLine(silence.reason),
      silence.matchers.map(matcherText).join(' '),
      silence.id,
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
  yield* namedValues(facts, output)
  yield `\n${output.paint('bold', 'Matchers')}`
  for (const matcher of silence.matchers) yield `  ${matcherText(matcher)}`
}

function matcherText({ field, operator, value }: Matcher): string {
  return onOneLine(`${field}${operator}${value}`)
}

function painted(state: SilenceState, output: Output): string {
  if (state === 'active') return output.paint('yellow', state)
  return state === 'over' ? output.paint('dim', state) : state
}
