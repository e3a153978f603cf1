import type { FastifyRequest } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import type { Scope } from '../settings/api-tokens.ts'
import type { Caller } from './auth.ts'
import { type OperationId, operation, type Work } from './operations.ts'

// One declaration for all fields: a file that declared only some would make the others compile errors for a program that
// imports it alone.
declare module 'fastify' {
  interface FastifyContextConfig {
    /** Scope that the caller of this route needs; without one, no authentication is needed. */
    scope?: Scope
    /** True where a signature over the body replaces the token. */
    signable?: boolean
    /** True for pages: an unauthenticated browser is told to ask for a token, as the password of any user (Basic). */
    browser?: boolean
    /** Kind of work by which requests of this route are limited; absent where they cost next to nothing and are not. */
    work?: Work
  }
  interface FastifyRequest {
    /** The authenticated caller; null before authentication and on routes without a scope. */
    caller: Caller | null
    /** Aborted when the caller disconnects. */
    disconnected: AbortSignal | null
  }
}

/** Method, path and config of an operation's Fastify route. */
export function routeOf(id: OperationId) {
  const { method, path, scope, signable, work } = operation(id)
  return {
    method,
    url: path,
    config: {
      ...(scope === undefined ? {} : { scope }),
      ...(signable === undefined ? {} : { signable }),
      ...(work === undefined ? {} : { work }),
    },
  }
}

/**
 * The id in the path, in lower case. Text that is no UUID gets `not_found` without a query to the database.
 *
 * @throws GatewayError `not_found`
 */
export function idOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string }
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase()
  throw new GatewayError('not_found', [{ at: 'id', found: 'something that is not an id', expected: 'a UUID' }])
}
