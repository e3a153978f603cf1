import { isTimeWithZone, TIME_EXPECTED } from '../catalogue/moment.ts'
import { camelName } from '../contract/json-names.ts'
import type { Matcher, SilenceInput } from '../contract/silences.ts'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'

/** Options of `silences add`. */
export interface SilenceFlags {
  readonly match?: readonly string[]
  readonly for?: string
  readonly from?: string
  readonly until?: string
  readonly maintenance?: boolean
  readonly every?: string
  readonly reason?: string
}

/**
 * Reads a silence from the options. Checks the syntax that only options have; the gateway checks the values, as for every
 * other caller.
 *
 * @param now start of `--for` without `--from`
 * @throws GatewayError `invalid_silence`
 */
export function readSilence(flags: SilenceFlags, now: Date): SilenceInput {
  const problems: Problem[] = []
  const matchers = (flags.match ?? []).flatMap((text, index) => {
    const matcher = readMatcher(text)
    if (matcher === undefined)
      problems.push({
        at: `--match[${index}]`,
        found: 'text without a field and = or !=',
        expected: "a matcher such as 'event_type=celery.*' or 'data.queue!=claims'",
      })
    return matcher ?? []
  })
  // The gateway checks these two as well; here they are reported before a database is opened, which takes seconds.
  if (matchers.length === 0 && problems.length === 0)
    problems.push({ at: '--match', found: 'nothing', expected: "a matcher such as 'event_type=celery.*'" })
  const endsAt = readEnd(flags, now, problems)
  if (flags.reason === undefined)
    problems.push({ at: '--reason', found: 'nothing', expected: 'why, for whoever asks later' })
  if (problems.length > 0) throw new GatewayError('invalid_silence', problems)
  const { from, every, reason } = flags
  const fields = {
    kind: flags.maintenance ? 'maintenance' : 'silence',
    matchers,
    ...(from === undefined ? {} : { startsAt: from }),
    endsAt,
    ...(every === undefined ? {} : { every }),
    reason,
  }
  // The cast is safe: the gateway checks every value.
  return fields as SilenceInput
}

/** Parses `field=value` or `field!=value`. The value begins behind the first `=`, and may contain more of them. */
function readMatcher(text: string): Matcher | undefined {
  const [, field = '', negation, value = ''] = /^([^=]*?)(!?)=(.*)$/s.exec(text) ?? []
  return field === '' ? undefined : { field, operator: negation === '!' ? '!=' : '=', value }
}

const DURATION = /^(?=\d)(?:(\d{1,5})w)?(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?$/
const UNITS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000]

function readEnd(flags: SilenceFlags, now: Date, problems: Problem[]): string {
  const { from, until } = flags
  const addProblem = (at: string, found: string, expected: string) => {
    problems.push({ at, found, expected })
    return ''
  }
  if (flags.for !== undefined && until !== undefined)
    return addProblem('--until', 'an end, and --for as well', 'one of the two')
  if (until !== undefined) return until
  if (flags.for === undefined) return addProblem('--for', 'nothing, and no --until', 'how long it lasts, such as 2h')
  const duration = durationOf(flags.for)
  if (duration === undefined)
    return addProblem('--for', describeValue(flags.for), 'a duration such as 30m, 2h or 1d12h')
  if (from !== undefined && !isTimeWithZone(from)) return addProblem('--from', describeValue(from), TIME_EXPECTED)
  return new Date((from === undefined ? now : new Date(from)).getTime() + duration).toISOString()
}

/** Milliseconds of a duration such as `30m` or `1d12h`; undefined for another text. */
export function durationOf(text: string): number | undefined {
  const match = DURATION.exec(text)
  if (!match) return undefined
  return match.slice(1).reduce((sum, amount, index) => sum + Number(amount ?? 0) * (UNITS[index] ?? 0), 0)
}

const FLAGS: Readonly<Record<string, string>> = {
  kind: '--maintenance',
  matchers: '--match',
  startsAt: '--from',
  endsAt: '--until',
  every: '--every',
  reason: '--reason',
}

/** Names the options in a gateway's problems. A gateway in this process names fields in camel case, over HTTP in snake case. */
export function refusalOfFlags(error: GatewayError, flags: SilenceFlags): GatewayError {
  const problems = error.problems.map((problem) => ({ ...problem, at: flagOf(problem.at, flags) }))
  return new GatewayError(error.code, problems, { cause: error })
}

function flagOf(at: string, flags: SilenceFlags): string {
  const matcher = /^matchers(\[\d+\])/.exec(at)
  if (matcher) return `--match${matcher[1]}`
  const field = camelName(at)
  return field === 'endsAt' && flags.for !== undefined ? '--for' : (FLAGS[field] ?? at)
}
