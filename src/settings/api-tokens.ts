/** Fewest characters of a token or a caller's secret. */
export const SHORTEST_SECRET = 16

const SCOPES = new Set(['send', 'read', 'act', 'admin'])
/** A token as it can stand in an Authorization header: with a blank in it, nobody could ever show it. */
const TOKEN = new RegExp(`^[\\x21-\\x7e]{${SHORTEST_SECRET},}$`)
/** A caller's name as it can stand in log lines and in the audit. A quote is most often one that a shell did not take off. */
const NAME = /^[\p{L}\p{N}_.@-]+$/u
/** Name under which the audit keeps callers who sign; a token of this name would share their idempotency keys. */
const SIGNED = 'signed'

/** What is wrong with one entry. Nothing of the entry is quoted: any part of it may be the token, in the wrong place. */
export interface TokenProblem {
  readonly found: string
  readonly expected: string
}

/**
 * Checks the entries of TEAMS_API_TOKENS, `name:scope+scope:token` each, and says which part of which entry is wrong.
 *
 * An entry without three parts has that one problem only, since its parts can not be told apart.
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
        found: `${place} with a token ${token.length < SHORTEST_SECRET ? `of ${token.length} characters` : 'that no Authorization header can hold'}`,
        expected: `a token of at least ${SHORTEST_SECRET} ASCII characters without blanks, commas and colons`,
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
