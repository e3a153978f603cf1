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
 * What goes wrong on a channel, as `PUT /sandbox/channels/{channel}/faults` takes it. An empty object clears.
 *
 * - `status`, `retry_after`, `body`: the answer. A 2xx with a `body` stands for a receiver that says 200 and tells of an
 *   error in the body: the message does not arrive.
 * - `delay_ms`: the answer comes late.
 * - `cut`: the connection breaks: `before` the message is taken, within the answer's `headers`, or within its `body`. In
 *   the last two cases the message has arrived, unless `status` is an error.
 * - `hang`: the message is taken, and no answer ever comes.
 * - `max_per_second`: only posts beyond so many in one second meet the fault, which then is 429 unless `status` says otherwise.
 * - `times`, `for_seconds`: for how many posts, and for how long, it lasts; until it is cleared where both are absent.
 */
export type FaultsInput = z.infer<typeof faultsSchema>

/** Faults in force: `times` is what is left, `until` when they end by themselves. */
export interface Faults extends Omit<FaultsInput, 'for_seconds'> {
  readonly until?: string
}

/** No fault at all. */
export const NO_FAULTS: Faults = {}

/** Checks faults that came from outside. Throws `invalid_request` with every problem. */
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
