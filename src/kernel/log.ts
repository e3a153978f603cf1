import pino, { type DestinationStream, type Logger } from 'pino'
import { codeOf, framesOf, GatewayError, nameOf } from './errors.ts'

/** The gateway's logger: JSON lines, each of which names the correlation id of what it is about. */
export type Log = Logger

/**
 * Field names whose values never reach a log line, whoever logs the object. A second line of defence: the
 * first is that nobody logs event data, cards, URLs or credentials at all.
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

/** Makes the logger. `level` is one of pino's (`silent` for none); lines go to `destination`, or to stderr. */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: NEVER_LOGGED.flatMap((name) => [name, `*.${name}`]), censor: '[not logged]' },
      serializers: { err: errorForLog },
    },
    destination,
  )
}

/**
 * What a log line says of an error: its name, its code and its stack's frames. Messages of foreign errors are left out:
 * a database driver quotes values, and a URL parser quotes the URL with its signature.
 */
export function errorForLog(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const code = codeOf(error)
  return {
    type: nameOf(error),
    ...(code === undefined ? {} : { code }),
    ...(error instanceof GatewayError ? { message: error.message } : {}),
    at: framesOf(error)
      .slice(0, 6)
      .map((line) => line.trim().replace(/\(?(file:\/\/)?\/.*\/(src|dist|node_modules)\//, '($2/')),
    ...(error.cause instanceof Error ? { cause: errorForLog(error.cause) } : {}),
  }
}
