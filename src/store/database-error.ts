import { GatewayError } from '../kernel/errors.ts'

/**
 * SQLSTATE classes and codes of Node that say the database or the connection is away, and not that the call was wrong. A
 * primary that has become a standby is one of them (25006), a password that was changed (28), and a disk that fails (58).
 */
const AWAY = /^(08|25006|25P03|28|3D000|53|57|58|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/

/** What `pg` says without a code of a connection that broke; the last of a ROLLBACK on it, which is what Kysely throws then. */
const BROKEN = /Connection terminated|timeout exceeded when trying to connect|is not queryable/

/** Turns a database driver's error into one of ours. Its message is left out: it quotes values. */
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
