import { z } from 'zod'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { RECURRENCES, SILENCE_KINDS, SILENCE_LIMITS, type Silence } from '../../contract/silences.ts'
import { type AddProblem, describeValue, GatewayError, type Problem } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import { nearestName } from '../../kernel/nearest.ts'
import { checkMatchers, readMatchers } from './check-matchers.ts'
import { checkText, placeOfUnknown } from './check-text.ts'
import { STEPS } from './times.ts'

/** What a caller says of a silence, checked. */
export type CheckedSilence = Pick<Silence, 'kind' | 'matchers' | 'startsAt' | 'endsAt' | 'every' | 'reason'>

const FIELDS = ['kind', 'matchers', 'startsAt', 'endsAt', 'every', 'reason'] as const
const MAX_UNKNOWN = 20
const MOMENT = 'a time with its zone, such as 2026-11-21T10:00:00Z'

/**
 * Checks a silence as a caller wrote it, `now` being the database's time.
 *
 * @throws GatewayError `invalid_silence` with every problem; `at` is `silence`, or a field as the library names it
 */
export function checkSilence(given: unknown, catalogue: Catalogue, now: Date): CheckedSilence {
  const problems: Problem[] = []
  const addProblem: AddProblem = (at, found, expected) => void problems.push({ at, found, expected })
  const fields = readFields(given)
  if (typeof fields === 'string') {
    addProblem('silence', fields, 'an object with matchers, endsAt and reason')
    throw new GatewayError('invalid_silence', problems)
  }
  for (const name of Object.keys(fields).filter((key) => !(FIELDS as readonly string[]).includes(key)))
    if (problems.length < MAX_UNKNOWN) tellUnknown(name, addProblem)
  const kind = checkOneOf(fields.kind, 'kind', SILENCE_KINDS, addProblem) ?? 'silence'
  const matchers = checkMatchers(fields.matchers, catalogue, addProblem)
  const every = checkOneOf(fields.every, 'every', RECURRENCES, addProblem) ?? null
  const recurs = kind === 'maintenance' ? every : null
  if (recurs !== every)
    addProblem('every', 'a recurrence of what is no maintenance window', 'the kind maintenance, or no recurrence')
  const startsAt = isAbsent(fields.startsAt) ? now : checkTime(fields.startsAt, 'startsAt', addProblem)
  const endsAt = checkTime(fields.endsAt, 'endsAt', addProblem)
  if (startsAt && endsAt) checkSpan({ startsAt, endsAt, every: recurs }, now, addProblem)
  const reason = checkText(fields.reason, 'reason', SILENCE_LIMITS.reason, addProblem)?.trim()
  if (problems.length > 0 || !startsAt || !endsAt || reason === undefined)
    throw new GatewayError('invalid_silence', problems)
  return { kind, matchers, startsAt, endsAt, every, reason }
}

/** Reads a caller's object once; says what it is where it is none, or can not be read. */
function readFields(given: unknown): Readonly<Record<string, unknown>> | string {
  try {
    if (!isObject(given)) return describeValue(given)
    const fields = Object.fromEntries(Object.keys(given).map((key) => [key, given[key]]))
    return { ...fields, matchers: readMatchers(fields.matchers) }
  } catch {
    return 'an object that can not be read'
  }
}

function tellUnknown(name: string, addProblem: AddProblem): void {
  const near = nearestName(FIELDS, name)
  const place = placeOfUnknown(name, '')
  addProblem(
    place === '' ? 'silence' : place,
    'a field that silences do not have',
    near ? `perhaps ${near}` : FIELDS.join(', '),
  )
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function checkOneOf<T extends string>(
  value: unknown,
  at: string,
  known: readonly T[],
  addProblem: AddProblem,
): T | undefined {
  if (isAbsent(value)) return undefined
  const one = known.find((name) => name === value)
  if (one === undefined) addProblem(at, describeValue(value), `${known.join(' or ')}, or no such field`)
  return one
}

const moment = z.iso.datetime({ offset: true })

function checkTime(value: unknown, at: string, addProblem: AddProblem): Date | undefined {
  const read = value instanceof Date || (typeof value === 'string' && moment.safeParse(value).success)
  const date = read ? new Date(value) : undefined
  if (date && date.getTime() > Date.UTC(1970, 0, 1) && date.getTime() < Date.UTC(9999, 0, 1)) return date
  addProblem(at, value instanceof Date ? 'a date that is none, or far away' : describeValue(value), MOMENT)
  return undefined
}

function checkSpan(
  { startsAt, endsAt, every }: Pick<CheckedSilence, 'startsAt' | 'endsAt' | 'every'>,
  now: Date,
  addProblem: AddProblem,
): void {
  if (endsAt <= startsAt) addProblem('endsAt', 'a time that is not after the start', 'a time after the start')
  // What comes again may have begun long ago: the window that it describes lies ahead all the same.
  else if (every === null && endsAt <= now) addProblem('endsAt', 'a time in the past', 'a time in the future')
  else if (every !== null && endsAt.getTime() - startsAt.getTime() >= STEPS[every])
    addProblem('every', 'a window that lasts until it comes again', `a window of less than a ${every}`)
}
