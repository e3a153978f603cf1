import { z } from 'zod'
import { oneOf, PAGING, readQuery } from './query.ts'
import { SILENCE_KINDS, SILENCE_STATES, type SilenceQuery } from './service.ts'

/** The filters of `GET /v1/silences`. */
export const silenceQuery = z.strictObject({
  state: oneOf(SILENCE_STATES).optional(),
  kind: oneOf(SILENCE_KINDS).optional(),
  ...PAGING,
})

/**
 * Reads the filters of a request.
 *
 * @throws GatewayError `invalid_request`
 */
export function readSilenceQuery(query: Readonly<Record<string, unknown>>): SilenceQuery {
  const { state, kind, limit, cursor } = readQuery(silenceQuery, query)
  return {
    limit,
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
