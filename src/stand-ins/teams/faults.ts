import { z } from 'zod'
import { describeValue, GatewayError, type Problem } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'

const faultsSchema = z.strictObject({
  status: z.int().min(200).max(599).optional(),
  retry_after: z
    .union([z.number().min(0).max(1_000_000), z.string().regex(/^[\x20-\x7e]{1,100}$/)], {
      error: 'seconds, or text such as an HTTP date',
    })
    .optional(),
  delay_ms: z.int().min(0).max(600_000).optional(),
  cut: z.enum(['before', 'headers', 'body']).optional(),
  hang: z.boolean().optional(),
  body: z.string().max(10_000).optional(),
  max_per_second: z.int().min(1).max(100_000).optional(),
  times: z.int().min(1).optional(),
  for_seconds: z.number().positive().max(86_400).optional(),
})

/**
 * A channel's faults, the body of `PUT /sandbox/channels/{channel}/faults`. An empty object clears them.
 *
 * - `status`, `retry_after`, `body`: the answer. A 2xx with a `body` is a receiver that answers 200 with an error in the
 *   body: the message does not arrive.
 * - `delay_ms`: the answer is late.
 * - `cut`: the connection breaks `before` the message is taken, within the answer's `headers`, or within its `body`. In the
 *   last two cases the message has arrived, unless `status` is an error.
 * - `hang`: the message arrives, and no answer is sent.
 * - `max_per_second`: the fault applies only to posts beyond this many in one second, with `status` 429 by default.
 * - `times`, `for_seconds`: number of posts, and time, until the fault ends. Without both, it lasts until it is cleared.
 */
export type FaultsInput = z.infer<typeof faultsSchema>

/** Active faults: `times` counts the remaining posts, `until` is the end of `for_seconds`. */
export interface Faults extends Omit<FaultsInput, 'for_seconds'> {
  readonly until?: string
}

/** The faults of a channel without faults. */
export const NO_FAULTS: Faults = {}

/** Checks the body of a request for faults. Throws `invalid_request` with all problems. */
export function parseFaults(input: unknown, now: Date): Faults {
  const parsed = faultsSchema.safeParse(input)
  if (!parsed.success) throw new GatewayError('invalid_request', problemsOf(parsed.error, input))
  const { for_seconds: seconds, ...faults } = parsed.data
  return seconds === undefined ? faults : { ...faults, until: new Date(now.getTime() + seconds * 1000).toISOString() }
}

function problemsOf(error: z.ZodError, input: unknown): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const expected = `one of ${Object.keys(faultsSchema.shape).join(', ')}`
      return issue.keys.map((key) => ({ at: key.slice(0, 60), found: 'an unknown field', expected }))
    }
    const field = issue.path[0]
    const value = isObject(input) && typeof field === 'string' ? input[field] : input
    return [{ at: String(field ?? 'body'), found: describeValue(value), expected: issue.message }]
  })
}
