import pino, { type DestinationStream } from 'pino'
import { codeOf, framesOf, GatewayError, nameOf } from './errors.ts'
import { type BareLogEvent, LOG_EVENTS, type LogEvent, type LogFieldsOf } from './log-events/table.ts'

/**
 * The gateway's log. Each line has a level, a constant message and the name of its event, all from the table of log
 * events; the compiler refuses an event or a field that is not in it.
 */
export interface Log {
  write(event: BareLogEvent): void
  write<N extends LogEvent, F extends LogFieldsOf<N>>(
    event: N,
    // Spreads are checked too, which the compiler's own check of literals leaves out.
    fields: F & { readonly [K in Exclude<keyof F, keyof LogFieldsOf<N>>]: never },
  ): void
}

/** A logger that takes fields and a message, such as pino's. */
export interface LineLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * Field names whose values are redacted in every log line. A second line of defence: the first is that the table of log
 * events has no field for event data, cards, URLs or credentials.
 */
const NEVER_LOGGED = [
  'data',
  'card',
  'card_payload',
  'webhook_url',
  'url',
  'secret',
  'token',
  'password',
  'authorization',
]

/** Makes the log of a gateway. `level` is one of pino's (`silent` for none); lines go to `destination`, by default stderr. */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: NEVER_LOGGED.flatMap((name) => [name, `*.${name}`]), censor: '[not logged]' },
      // Errors are described by `logTo`. pino's default would describe that description again, as an `Object`.
      serializers: { err: (described: unknown) => described },
    },
    destination,
  )
  return logTo(logger)
}

/**
 * Returns the log of a host program: a {@link Log} unchanged, a logger wrapped; undefined for undefined. A logger is
 * recognised by its levels, because some are streams, such as winston's, and have a `write` of another meaning.
 */
export function logOf(given: Log | LineLogger | undefined): Log | undefined {
  return given === undefined || !isLineLogger(given) ? given : logTo(given)
}

function isLineLogger(log: Log | LineLogger): log is LineLogger {
  return 'info' in log
}

/** Makes a log that writes to a logger of the host program, with that logger's level and destination. */
function logTo(logger: LineLogger): Log {
  return {
    write(event: LogEvent, fields: { readonly err?: unknown } = {}) {
      const { level, message } = LOG_EVENTS[event]
      // Not in a pino serializer: a host's logger has its own, which would write the message of a foreign error.
      const safe = 'err' in fields ? { ...fields, err: errorForLog(fields.err) } : fields
      logger[level]({ event, ...safe }, message)
    },
  }
}

/**
 * Describes an error for a log line: name, code and stack frames. Messages of foreign errors are left out: a database
 * driver quotes values, and a URL parser quotes the URL with its signature.
 *
 * Returns objects without a prototype: the serializer of a host's pino takes one with a message for an error, and would
 * replace `type` by the name of its constructor, `Object`.
 */
export function errorForLog(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const code = codeOf(error)
  return Object.assign(Object.create(null), {
    type: nameOf(error),
    ...(code === undefined ? {} : { code }),
    ...(error instanceof GatewayError ? { message: error.message } : {}),
    at: framesOf(error)
      .slice(0, 6)
      .map((line) => line.trim().replace(/\(?(file:\/\/)?\/.*\/(src|dist|node_modules)\//, '($2/')),
    ...(error.cause instanceof Error ? { cause: errorForLog(error.cause) } : {}),
  })
}
