import type { FastifyRequest } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'

/**
 * The id in the path. What has not the shape of one can not be there, and no database has to be asked.
 *
 * @throws GatewayError `not_found`
 */
export function idOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string }
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase()
  throw new GatewayError('not_found', [{ at: 'id', found: 'something that is not an id', expected: 'a UUID' }])
}
