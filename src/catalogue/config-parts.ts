import { z } from 'zod'
import { PRIORITIES, type Priority, parsePriority } from './priority.ts'

// Parts of the schema of the configuration that its sections share. Each error message is the `expected` of a problem.

/** Form of a key. */
export const KEY = /^[a-z][a-z0-9_]{0,40}$/
/** Form of an event type's name. */
const EVENT_TYPE = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/
const MENTION_ID = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^\s@<>]+@[^\s@<>]+)$/i

export const text = (most: number) => {
  const error = `text of 1 to ${most} characters (in YAML, a name that starts with # needs quotes)`
  return z.string({ error }).trim().min(1, { error }).max(most, { error })
}
export const flag = z.boolean({ error: 'true or false' })
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of: ${values.join(', ')}` })
export const between = (min: number, max: number, whole: boolean) => {
  const error = `a ${whole ? 'whole ' : ''}number from ${min} to ${max}`
  const number = z.number({ error }).min(min, { error }).max(max, { error })
  return whole ? number.int({ error }) : number
}
/** For unknown keys the error message is the list of known keys, from which `problemsOf` makes a problem for each. */
export const strict = <S extends z.core.$ZodShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(', ') : 'an object'),
  })
/** A section with all its entries commented out is null in YAML, and counts as absent. */
export const record = <V extends z.ZodType>(key: z.ZodType<string, string>, value: V) =>
  z
    .record(key, value, { error: 'an object' })
    .nullish()
    .transform((entries) => entries ?? {})
export const listOf = <V extends z.ZodType>(item: V, error: string) =>
  z.array(item, { error }).min(1, { error: `${error}, at least one` })

export const priority = z
  .string({ error: `one of: ${PRIORITIES.join(', ')}` })
  .refine((given) => parsePriority(given) !== undefined, { error: `one of: ${PRIORITIES.join(', ')}` })
  .transform((given): Priority => parsePriority(given) ?? 'INFO')
export const priorities = listOf(priority, 'a list of priorities')
export const eventTypeName = z
  .string()
  .max(100, { error: 'a name of at most 100 characters' })
  .regex(EVENT_TYPE, { error: 'lower-case words with dots between, such as lab.result.ready' })

/** The id of a person who can be mentioned. */
export const mentionId = z
  .string({ error: 'an Entra object id, or a user principal name such as sara@hospital.example' })
  .regex(MENTION_ID, { error: 'an Entra object id, or a user principal name such as sara@hospital.example' })

const DURATION = /^(?=\d)(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/
const UNITS = [86_400, 3_600, 60, 1]
const LONGEST_WAIT = 30 * 86_400

/** The seconds of a duration such as `5m` or `1d12h`; undefined for another text, or more than 30 days. */
export function secondsOf(written: string): number | undefined {
  const match = DURATION.exec(written)
  if (match === null) return undefined
  const seconds = match.slice(1).reduce((sum, amount, index) => sum + Number(amount ?? 0) * (UNITS[index] ?? 0), 0)
  return seconds <= LONGEST_WAIT ? seconds : undefined
}

/** A text that `read` understands. */
export function readAs<T>(read: (written: string) => T | undefined, error: string) {
  return z
    .string({ error })
    .refine((written) => read(written) !== undefined, { error })
    .transform((written) => read(written) as T)
}

/** A duration, in seconds. */
export const duration = readAs(secondsOf, 'a duration such as 30s, 5m, 2h or 1d12h, at most 30d')
