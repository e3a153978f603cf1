import { GatewayError } from '../kernel/errors.ts'

/**
 * SQLSTATE classes and Node error codes which say that the database is unreachable, and not that the statement was
 * wrong. Among them: a primary that became a standby (25006), a changed password (28), a failing disk (58).
 */
const AWAY = /^(08|25006|25P03|28|3D000|53|57|58|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/

/**
 * Messages of `pg` without a code for a broken connection; the last is that of a ROLLBACK on it, which is the error
 * that Kysely throws.
 */
const BROKEN = /Connection terminated|timeout exceeded when trying to connect|is not queryable/

/** Converts a database driver's error into a GatewayError. Its message is left out, because it quotes values. */
export function databaseError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  const code = (error as { code?: unknown } | null)?.code
  const text = typeof code === 'string' ? code : ''
  if (text === '42P01' || text === '42703') return new GatewayError('database_not_migrated', [], { cause: error })
  if (text === '42501')
    return new GatewayError('database_not_migrated', [], {
      cause: error,
      detail: 'Or its user lacks a right, such as to make tables (42501).',
    })
  if (AWAY.test(text) || BROKEN.test(error instanceof Error ? error.message : ''))
    return new GatewayError('database_unreachable', [], { cause: error, ...(text ? { detail: `(${text})` } : {}) })
  return new GatewayError('internal', [], { cause: error })
}
