import { z } from 'zod'
import { problemBody } from '../../contract/problem.ts'
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
import { type GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode, exitCodeOf } from '../../kernel/exit-codes.ts'
import { inColumns, moment } from '../columns.ts'
import { readFlags } from '../list-filters.ts'
import { openTarget } from '../open-target.ts'
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
  const target = await openTarget(options, 'read', output, gateways)
  try {
    const { silences, nextCursor } = await target.silences.list(query)
    output.answer(z.encode(silencePageWire, { silences: [...silences], nextCursor }))
    if (silences.length === 0) output.print(`No such silence in ${target.place}.`)
    else for (const line of listed(silences, output)) output.print(line)
    if (nextCursor !== null && !output.json) output.note(`There are more: --cursor ${nextCursor}`)
    return EXIT.ok
  } finally {
    await target.close()
  }
}

/** `silences show` */
export async function showCommand(
  id: string,
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const target = await openTarget(flags, 'read', output, gateways)
  try {
    const silence = await target.silences.get(id)
    output.answer(z.encode(silenceDetailWire, silence))
    for (const line of described(silence, output)) output.print(line)
    return EXIT.ok
  } finally {
    await target.close()
  }
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
  const ended: SilenceView[] = []
  const refused: { readonly id: string; readonly error: GatewayError }[] = []
  try {
    for (const id of ids) {
      try {
        ended.push(await target.silences.end(id))
      } catch (error) {
        // What fails for another reason, such as a gateway that is gone, fails for all that follow too.
        if (!isGatewayError(error, 'not_found') && !isGatewayError(error, 'silence_over')) throw error
        refused.push({ id, error })
      }
    }
    output.answer({
      silences: ended.map((silence) => z.encode(silenceWire, { ...silence, matchers: [...silence.matchers] })),
      refused: refused.map(({ id, error }) => ({ id, ...problemBody(error, undefined) })),
    })
    for (const line of inColumns(ended.map(({ id, state }) => [id, painted(state, output)]))) output.print(line)
    if (!output.json) for (const { id, error } of refused) output.note(`${onOneLine(id)}: ${error.message}`)
    return refused[0] ? exitCodeOf(refused[0].error.code) : EXIT.ok
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
  const told = facts.filter((fact): fact is [string, string] => fact[1] !== null)
  yield* inColumns(told.map(([name, value]) => [output.paint('dim', name), value]))
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
