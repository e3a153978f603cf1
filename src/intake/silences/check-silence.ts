import type { Catalogue } from '../../catalogue/catalogue.ts'
import { readTime, TIME_EXPECTED } from '../../catalogue/moment.ts'
import { SILENCE_LIMITS } from '../../contract/limits.ts'
import { RECURRENCES, SILENCE_KINDS, type Silence } from '../../contract/silences.ts'
import { type AddProblem, GatewayError, type Problem } from '../../kernel/errors.ts'
import { nearestName } from '../../kernel/nearest.ts'
import {
  checkOneOf,
  checkText,
  describe,
  isAbsent,
  MAX_UNKNOWN,
  placeOfUnknown,
  readObject,
  unknownKeys,
} from '../fields.ts'
import { checkMatchers, readMatchers } from './check-matchers.ts'
import { INTERVALS_MS } from './times.ts'

/** The checked fields of a caller's silence. */
export type CheckedSilence = Pick<Silence, 'kind' | 'matchers' | 'startsAt' | 'endsAt' | 'every' | 'reason'>

const FIELDS = ['kind', 'matchers', 'startsAt', 'endsAt', 'every', 'reason'] as const

/**
 * Checks a caller's silence.
 *
 * @param now the database's time
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
  for (const name of unknownKeys(fields, FIELDS).slice(0, MAX_UNKNOWN)) reportUnknown(name, addProblem)
  const kind = checkOptional(fields.kind, 'kind', SILENCE_KINDS, addProblem) ?? 'silence'
  const matchers = checkMatchers(fields.matchers, catalogue, addProblem)
  const every = checkOptional(fields.every, 'every', RECURRENCES, addProblem) ?? null
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

function readFields(given: unknown): Readonly<Record<string, unknown>> | string {
  return readObject(given, (object) => {
    const fields = Object.fromEntries(Object.keys(object).map((key) => [key, object[key]]))
    return { ...fields, matchers: readMatchers(fields.matchers) }
  })
}

function reportUnknown(name: string, addProblem: AddProblem): void {
  const near = nearestName(FIELDS, name)
  const place = placeOfUnknown(name, '')
  addProblem(
    place === '' ? 'silence' : place,
    'a field that silences do not have',
    near ? `perhaps ${near}` : FIELDS.join(', '),
  )
}

function checkOptional<T extends string>(
  value: unknown,
  at: string,
  known: readonly T[],
  addProblem: AddProblem,
): T | undefined {
  return isAbsent(value)
    ? undefined
    : checkOneOf(value, at, known, `${known.join(' or ')}, or no such field`, addProblem)
}

function checkTime(value: unknown, at: string, addProblem: AddProblem): Date | undefined {
  const date = readTime(value)
  if (!date) addProblem(at, value instanceof Date ? 'a date that is none, or far away' : describe(value), TIME_EXPECTED)
  return date
}

function checkSpan(
  { startsAt, endsAt, every }: Pick<CheckedSilence, 'startsAt' | 'endsAt' | 'every'>,
  now: Date,
  addProblem: AddProblem,
): void {
  if (endsAt <= startsAt) addProblem('endsAt', 'a time that is not after the start', 'a time after the start')
  // A recurring window may have begun long ago: its next occurrence is in the future.
  else if (every === null && endsAt <= now) addProblem('endsAt', 'a time in the past', 'a time in the future')
  else if (every !== null && endsAt.getTime() - startsAt.getTime() >= INTERVALS_MS[every])
    addProblem('every', 'a window that lasts until it comes again', `a window of less than a ${every}`)
}
