import { problemBody } from '../contract/problem.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Output } from './output.ts'

/** Tells of a command line that commander does not understand: in its words, or with `--json` as a problem document. */
export function reportUsageError(text: string, output: Output): void {
  const message = withoutValues(text.trim())
  if (!output.json) output.note(message)
  const found = message.replace(/^error: /, '').replaceAll('\n', ' ')
  const problem = { at: 'command line', found, expected: 'what --help says' }
  output.answer(problemBody(new GatewayError('invalid_request', [problem]), undefined))
}

/** Commander quotes what it does not know, also a token or data behind a misspelt option or without one. */
function withoutValues(message: string): string {
  return message
    .replace(/^(error: unknown option ')(--[^='\s]*|-[^-]?)[\s\S]*?('(?:\n\(Did you mean .*\))?)$/, '$1$2$3')
    .replace(/( but got \d+): [\s\S]*$/, '$1.')
}
