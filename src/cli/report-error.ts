import { problemBody, toGatewayError } from '../contract/problem.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type ExitCode, exitCodeOf } from '../kernel/exit-codes.ts'
import type { Output } from './output.ts'

/**
 * Reports the error that ended a command, and returns its exit code. Writes the message to stderr, or with `--json` the problem
 * document of HTTP to stdout. With TEAMS_LOG_LEVEL=debug also the stack, without the message of a foreign error, which may
 * quote secrets or patient data.
 */
export async function reportError(error: unknown, output: Output): Promise<ExitCode> {
  const known = toGatewayError(error)
  output.answer(problemBody(known, undefined))
  if (!output.json) output.note(known.message)
  // Imported here, as pino and the settings take 90 ms, which --help does not need.
  if (await wantsDetails()) output.note(JSON.stringify((await import('../kernel/log.ts')).errorForLog(error)))
  else if (known.code === 'internal') output.note('With TEAMS_LOG_LEVEL=debug this shows where it happened.')
  return exitCodeOf(known.code)
}

async function wantsDetails(): Promise<boolean> {
  const { readEnvironment } = await import('./environment.ts')
  try {
    return readEnvironment().TEAMS_LOG_LEVEL?.trim() === 'debug'
  } catch {
    // An unreadable .env, which most likely is the error being reported.
    return false
  }
}

/** Reports a command line that commander refuses: with commander's message, or with `--json` as a problem document. */
export function reportUsageError(text: string, output: Output): void {
  const message = withoutValues(text.trim())
  if (!output.json) output.note(message)
  const found = message.replace(/^error: /, '').replaceAll('\n', ' ')
  const problem = { at: 'command line', found, expected: 'a command and options from --help' }
  output.answer(problemBody(new GatewayError('invalid_request', [problem]), undefined))
}

/** Removes values: commander quotes unknown arguments, which may be a token or data behind a misspelt option. */
function withoutValues(message: string): string {
  return message
    .replace(/^(error: unknown option ')(--[^='\s]*|-[^-]?)[\s\S]*?('(?:\n\(Did you mean .*\))?)$/, '$1$2$3')
    .replace(/( but got \d+): [\s\S]*$/, '$1.')
}
