import { problemBody, toGatewayError } from '../contract/problem.ts'
import { type ExitCode, exitCodeOf } from '../kernel/exit-codes.ts'
import { errorForLog } from '../kernel/log.ts'
import { readEnvironment } from './environment.ts'
import type { Output } from './output.ts'

/**
 * Tells of whatever ended a command: its message on stderr, or with `--json` the same problem document that HTTP answers
 * with on stdout. A stack is shown only with TEAMS_LOG_LEVEL=debug, and without the message of a foreign error, which may
 * quote anything.
 */
export function reportError(error: unknown, output: Output): ExitCode {
  const known = toGatewayError(error)
  output.answer(problemBody(known, undefined))
  if (!output.json) output.note(known.message)
  if (wantsDetails()) output.note(JSON.stringify(errorForLog(error)))
  else if (known.code === 'internal') output.note('With TEAMS_LOG_LEVEL=debug this shows where it happened.')
  return exitCodeOf(known.code)
}

function wantsDetails(): boolean {
  try {
    return readEnvironment().TEAMS_LOG_LEVEL?.trim() === 'debug'
  } catch {
    // A .env that can not be read, which most likely is what is being told.
    return false
  }
}
