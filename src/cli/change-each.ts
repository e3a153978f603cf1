import { problemBody } from '../contract/problem.ts'
import type { ErrorCode } from '../kernel/error-codes.ts'
import { type GatewayError, isGatewayError } from '../kernel/errors.ts'
import { EXIT, type ExitCode, exitCodeOf } from '../kernel/exit-codes.ts'
import { type Output, onOneLine } from './output.ts'

/** What became of several changes that were asked for by id. */
export interface Changes<T> {
  readonly done: readonly T[]
  /** The refusals as `--json` writes them. */
  readonly refused: readonly object[]
  /** Notes the refusals for people, and gives the exit code of the first. */
  report(output: Output): ExitCode
}

/**
 * Changes all that can be changed. What is refused with one of `codes` is kept for later; what fails for another reason, such
 * as a gateway that is gone, fails for all that follow too and is thrown.
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
