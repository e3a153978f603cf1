import { CALLER_NAME_CHARACTER } from '../kernel/secret.ts'

/** Minimum length of a token and of an inbound secret, in characters. */
export const MIN_SECRET_CHARACTERS = 16

/**
 * Permissions of a caller: send events, report heartbeats, read, act on notifications and silences. `send` includes `ping`, and `admin`
 * all of them.
 */
export const SCOPES = ['send', 'ping', 'read', 'act', 'admin'] as const

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number]

/** True where a caller with these scopes may do what needs `scope`. */
export function allows(scopes: ReadonlySet<Scope>, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin') || (scope === 'ping' && scopes.has('send'))
}

/** An entry of TEAMS_API_TOKENS. */
export interface ApiToken {
  /** Name of the caller in log lines and in the audit. */
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
  readonly token: string
}

/** Parses `name:scope+scope:token`; undefined without these three parts, or with an unknown scope. */
export function parseApiToken(entry: string): ApiToken | undefined {
  const [name, scopeNames = '', token, ...rest] = entry.split(':')
  const scopes = parseScopes(scopeNames)
  return name && token && rest.length === 0 && scopes ? { name, scopes, token } : undefined
}

function parseScopes(text: string): ReadonlySet<Scope> | undefined {
  const scopes = text.split('+').map((name) => SCOPES.find((scope) => scope === name))
  const known = scopes.filter((scope) => scope !== undefined)
  return known.length === scopes.length ? new Set(known) : undefined
}

/** A token that an Authorization header can carry: printable ASCII without blanks. */
const TOKEN = new RegExp(`^[\\x21-\\x7e]{${MIN_SECRET_CHARACTERS},}$`)
/** A caller's name. Quotes are refused: most often the shell did not remove them. */
const NAME = new RegExp(`^${CALLER_NAME_CHARACTER}+$`, 'u')
/** Name of signing callers in the audit. A token of this name would share their idempotency keys. */
const SIGNED = 'signed'

/** A problem of one entry. It quotes nothing: any part may be the token in the wrong place. */
export interface TokenProblem {
  readonly found: string
  readonly expected: string
}

/**
 * Checks the entries of TEAMS_API_TOKENS, `name:scope+scope:token` each, and names the wrong part of each wrong entry.
 *
 * An entry without three parts has only that problem, since it is unknown which part is missing.
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
    if (parseScopes(scopes) === undefined)
      yield {
        found: `${place} with a scope that is not known`,
        expected: `scopes of ${SCOPES.join(', ')}, joined by +`,
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
