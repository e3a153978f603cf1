/** Minimum length of a token or a caller's secret. */
export const MIN_SECRET_CHARACTERS = 16

const SCOPES = new Set(['send', 'read', 'act', 'admin'])
/** Visible ASCII: an Authorization header can not carry a token with a blank in it. */
const TOKEN = new RegExp(`^[\\x21-\\x7e]{${MIN_SECRET_CHARACTERS},}$`)
/** A caller's name in log lines and in the record. Quotes are refused: most often a shell was meant to remove them. */
const NAME = /^[\p{L}\p{N}_.@-]+$/u
/** Name of signed callers in the record. A token with this name would share their idempotency keys. */
const SIGNED = 'signed'

/** Problem of one entry. No part of the entry is quoted: any part may be the token, in the wrong place. */
export interface TokenProblem {
  readonly found: string
  readonly expected: string
}

/**
 * Checks the entries of TEAMS_API_TOKENS, each in the form `name:scope+scope:token`. A problem names the entry by its number,
 * and the part. An entry without exactly three parts has only that problem, since its parts are not known.
 */
export function* checkApiTokens(entries: readonly string[]): Iterable<TokenProblem> {
  const names = new Set<string>()
  const tokens = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const place = `entry ${index + 1}`
    const parts = entry.split(':')
    if (parts.length !== 3) {
      yield {
        found: `${place} of ${parts.length === 1 ? 'one part' : `${parts.length} parts`}`,
        expected: 'three parts, name:scope+scope:token; a comma or a colon within a token would end it',
      }
      continue
    }
    const [name = '', scopes = '', token = ''] = parts
    if (!NAME.test(name) || name === SIGNED)
      yield {
        found: `${place} with a name that can not be used`,
        expected: `a name of letters, digits and _.@-, other than "${SIGNED}"`,
      }
    if (!scopes.split('+').every((scope) => SCOPES.has(scope)))
      yield {
        found: `${place} with a scope that is not known`,
        expected: `scopes of ${[...SCOPES].join(', ')}, joined by +`,
      }
    if (!TOKEN.test(token))
      yield {
        found: `${place} with a token ${token.length < MIN_SECRET_CHARACTERS ? `of ${token.length} characters` : 'that no Authorization header can hold'}`,
        expected: `a token of at least ${MIN_SECRET_CHARACTERS} ASCII characters without blanks, commas and colons`,
      }
    if ((NAME.test(name) && names.has(name)) || (token !== '' && tokens.has(token)))
      yield {
        found: `${place} with the name or the token of one before it`,
        expected: 'a different name and a different token for each caller',
      }
    names.add(name)
    tokens.add(token)
  }
}
