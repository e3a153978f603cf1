import { z } from 'zod'

/** One setting, as {@link SETTINGS} of `table.ts` has it. */
export interface SettingRow {
  /** Heading under which docs and `.env.example` list it. */
  readonly group: string
  /** Reads the text of the environment; its error message says what was expected. */
  readonly schema: z.ZodType<unknown, string>
  /** The default, as it would be written in the environment; undefined where there is none. */
  readonly default?: string
  /** What it does, in its unit. */
  readonly help: string
  /** True where the value must never be shown. */
  readonly secret?: true
}

/** A whole number from `min` to `max`, written in digits: neither `1e3` nor `0x10`, which nobody means. */
export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`
  return z.string().regex(/^\d+$/, { error }).transform(Number).pipe(z.number().min(min, { error }).max(max, { error }))
}

/** A number of seconds from `min` to `max`, written in digits; fractions are fine. */
export function seconds(min: number, max: number) {
  const error = `seconds, from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }))
}

/** Any text that is not empty. */
export const text = z.string().min(1, { error: 'some text' })

/** Yes or no, in the usual words. */
export const flag = z.stringbool({
  truthy: ['true', 'yes', '1', 'on'],
  falsy: ['false', 'no', '0', 'off'],
  error: 'true or false',
})

/** One of some words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of: ${values.join(', ')}` })

/** A URL of one of these protocols, each with its colon. */
export const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  })

/** What SQLAlchemy puts behind the scheme of a PostgreSQL: the driver in Python. */
const SQLALCHEMY_DRIVER = /^(postgres(?:ql)?)\+(?:asyncpg|psycopg2?)(?=:\/\/)/i

/**
 * The address of a PostgreSQL. SQLAlchemy's is read too: without its driver, and with asyncpg's `ssl=` as `sslmode=`, which has
 * the same values there. In a URL without a driver `ssl=` stays what it is for `pg`.
 */
export const postgresUrl = z
  .string()
  .transform((value) =>
    SQLALCHEMY_DRIVER.test(value) ? value.replace(SQLALCHEMY_DRIVER, '$1').replace(/([?&])ssl=/, '$1sslmode=') : value,
  )
  .pipe(url(['postgres:', 'postgresql:']))

/** Texts separated by commas; blanks around them and empty ones do not count. */
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

/** The name of a program as it can stand in log lines and in the record. */
export const callerName = z
  .string()
  .regex(/^[\p{L}\p{N}_.@-]{1,64}$/u, { error: 'letters, digits and _.@-, at most 64' })

/** Secrets separated by commas, some with a name and a colon in front. Svix and others show a secret as `v1,whsec_…`, whose comma separates no entries. */
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

/** Host names, separated by commas; with a dot in front, all hosts below. */
export const hosts = list.refine((names) => names.every((name) => new RegExp(`^\\.?${HOST}*$`, 'i').test(name)), {
  error: 'host names, separated by commas; with a dot in front for all hosts below',
})
