import { z } from 'zod'
import {
  type Matcher,
  readSilenceQuery,
  type SilenceDetail,
  type SilenceState,
  silenceDetailWire,
  silencePageWire,
  silenceWire,
} from '../../contract/silences.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { changeEach } from '../change-each.ts'
import { inColumns, moment, namedValues } from '../columns.ts'
import { listCommandOf, showCommandOf } from '../list-and-show.ts'
import { readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { readSilence, refusalOfFlags, type SilenceFlags } from '../read-silence.ts'
import type { TargetFlags } from '../target.ts'

/** `silences list` */
export const listCommand = listCommandOf({
  one: 'silence',
  readFilters: (filters) => readFlags(filters, readSilenceQuery),
  list: (target, query) => target.silences.list(query),
  rows: ({ silences }) => silences,
  toJson: ({ silences, nextCursor }) => z.encode(silencePageWire, { silences: [...silences], nextCursor }),
  columns: {
    STATE: ({ state }, output) => painted(state, output),
    KIND: ({ kind }) => kind,
    FROM: ({ occurrence, startsAt }) => moment(occurrence?.startsAt ?? startsAt),
    UNTIL: ({ occurrence, endedAt, endsAt }) => moment(occurrence?.endsAt ?? endedAt ?? endsAt),
    EVERY: ({ every }) => every ?? '',
    BY: ({ createdBy }) => onOneLine(createdBy),
    REASON: ({ reason }) => onOneLine(reason),
    MATCHERS: ({ matchers }) => matchers.map(matcherText).join(' '),
    ID: ({ id }) => id,
  },
})

/** `silences show` */
export const showCommand = showCommandOf({
  get: (target, id) => target.silences.get(id),
  toJson: (silence) => z.encode(silenceDetailWire, silence),
  describe: described,
})

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
