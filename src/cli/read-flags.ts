import { snakeName } from '../contract/json-names.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'

/**
 * Reads the filters of a list from options, with what HTTP reads its query with; problems then name the options.
 *
 * @param names the options whose names are not those of the filters
 * @throws GatewayError `invalid_request`
 */
export function readFlags<T>(
  flags: object,
  read: (query: Readonly<Record<string, unknown>>) => T,
  names: Readonly<Record<string, string>> = {},
): T {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  try {
    return read(Object.fromEntries(given.map(([name, value]) => [snakeName(name), value])))
  } catch (error) {
    if (!isGatewayError(error, 'invalid_request')) throw error
    const problems = error.problems.map((problem) => ({
      ...problem,
      at: names[problem.at] ?? `--${problem.at.replaceAll('_', '-')}`,
    }))
    throw new GatewayError(error.code, problems, { cause: error })
  }
}
