import { z } from 'zod'
import { CALLER_NAME } from '../kernel/secret.ts'

/** One row of the table of settings, `SETTINGS` in `table.ts`. */
export interface SettingRow {
  /** Heading under which docs and `.env.example` list it. */
  readonly group: string
  /** Parses the text of the environment variable; its error message becomes `expected` of the problem. */
  readonly schema: z.ZodType<unknown, string>
  /** The default, in the notation of the environment; undefined where there is none. */
  readonly default?: string
  /** Description for docs and `.env.example`, with the unit. */
  readonly help: string
  /** True where the value must not be shown. */
  readonly secret?: true
}

/** A whole number from `min` to `max`, in decimal digits: `1e3` and `0x10` are most likely mistakes. */
export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`
  return z.string().regex(/^\d+$/, { error }).transform(Number).pipe(z.number().min(min, { error }).max(max, { error }))
}

/** A number of seconds from `min` to `max`, in decimal digits; fractions are allowed. */
export function seconds(min: number, max: number) {
  const error = `seconds, from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }))
}

/** A text that is not empty. */
export const text = z.string().min(1, { error: 'some text' })

/** A boolean. */
export const flag = z.stringbool({
  truthy: ['true', 'yes', '1', 'on'],
  falsy: ['false', 'no', '0', 'off'],
  error: 'true or false',
})

/** One of a closed set of values. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of: ${values.join(', ')}` })

/** A URL with one of these protocols, each given with its colon. */
export const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  })

/** Scheme of a PostgreSQL URL with a Python driver, as SQLAlchemy writes it. */
const SQLALCHEMY_DRIVER = /^(postgres(?:ql)?)\+(?:asyncpg|psycopg2?)(?=:\/\/)/i

/**
 * A connection string of PostgreSQL. SQLAlchemy's notation is converted: the driver is removed, and asyncpg's `ssl=` becomes
 * `sslmode=`, which has the same values. In a URL without a driver `ssl=` stays, with the meaning that it has for `pg`.
 */
export const postgresUrl = z
  .string()
  .transform((value) =>
    SQLALCHEMY_DRIVER.test(value) ? value.replace(SQLALCHEMY_DRIVER, '$1').replace(/([?&])ssl=/, '$1sslmode=') : value,
  )
  .pipe(url(['postgres:', 'postgresql:']))

/** Texts separated by commas. Blanks at their ends and empty texts are removed. */
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

/** The name of a program in log lines and in the record. */
export const callerName = z
  .string()
  .regex(new RegExp(`^${CALLER_NAME}$`, 'u'), { error: 'letters, digits and _.@-, at most 64' })

/**
 * Secrets separated by commas, each with an optional name and colon before it. Svix and others show a secret as `v1,whsec_…`,
 * whose comma is no separator; `v1,` is removed.
 */
export const inboundSecrets = z
  .string()
  .transform((value) => value.replace(/(^|[,:])\s*v1\s*,\s*(?=whsec_)/g, '$1'))
  .pipe(list)

const HOST = String.raw`[a-z0-9-]+(\.[a-z0-9-]+)`

/** Host names and suffixes of at least two labels, separated by commas: one label would allow every host below it. */
export const hostSuffixes = list.refine(
  (names) => names.every((name) => new RegExp(`^(\\*?\\.)?${HOST}+$`, 'i').test(name)),
  {
    error: 'host names such as flows.azure-api.net, separated by commas; neither a top-level domain nor localhost',
  },
)

/** Host names, separated by commas; a leading dot stands for all hosts below. */
export const hosts = list.refine((names) => names.every((name) => new RegExp(`^\\.?${HOST}*$`, 'i').test(name)), {
  error: 'host names, separated by commas; with a dot in front for all hosts below',
})
