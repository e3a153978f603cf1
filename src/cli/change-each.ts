import { problemBody } from '../contract/problem.ts'
import type { ErrorCode } from '../kernel/error-codes.ts'
import { type GatewayError, isGatewayError } from '../kernel/errors.ts'
import { EXIT, type ExitCode, exitCodeOf } from '../kernel/exit-codes.ts'
import { type Output, onOneLine } from './output.ts'

/** Result of the same change to several ids. */
export interface Changes<T> {
  readonly done: readonly T[]
  /** Refused ids with their problem documents, for `--json`. */
  readonly refused: readonly object[]
  /** Writes the refusals for people, and returns the exit code of the first; `ok` without a refusal. */
  report(output: Output): ExitCode
}

/**
 * Changes each id, and goes on after a refusal with one of `codes`. Throws any other error, such as an unreachable gateway,
 * because it would also fail for the remaining ids.
 */
export async function changeEach<T>(
  ids: readonly string[],
  codes: readonly ErrorCode[],
  change: (id: string) => Promise<T>,
): Promise<Changes<T>> {
  const done: T[] = []
  const refusals: { readonly id: string; readonly error: GatewayError }[] = []
  for (const id of ids) {
    try {
      done.push(await change(id))
    } catch (error) {
      if (!isGatewayError(error) || !codes.includes(error.code)) throw error
      refusals.push({ id, error })
    }
  }
  return {
    done,
    refused: refusals.map(({ id, error }) => ({ id, ...problemBody(error, undefined) })),
    report(output) {
      if (!output.json) for (const { id, error } of refusals) output.note(`${onOneLine(id)}: ${error.message}`)
      return refusals[0] ? exitCodeOf(refusals[0].error.code) : EXIT.ok
    },
  }
}
