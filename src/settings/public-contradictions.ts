import { isRemoteWithoutTls } from '../kernel/loopback.ts'
import type { Contradiction } from './contradictions.ts'
import type { Settings } from './table.ts'

/** A secret of links that is guessed lets anybody act on any card. */
const MIN_LINK_SECRET_CHARACTERS = 32
const MAKE_SECRET = '"openssl rand -hex 32" makes one'

/** Contradictions of the settings under "Buttons on cards". */
export function* publicContradictions(s: Settings): Iterable<Contradiction> {
  if (s.TEAMS_PUBLIC_URL && isRemoteWithoutTls(s.TEAMS_PUBLIC_URL))
    yield {
      settings: ['TEAMS_PUBLIC_URL'],
      found: 'an address without TLS on another machine',
      expected: 'https, since links that act and sign-ins go there',
    }
  if (s.TEAMS_PUBLIC_PORT !== undefined && s.TEAMS_PUBLIC_PORT !== 0 && s.TEAMS_PUBLIC_PORT === s.TEAMS_HTTP_PORT)
    yield {
      settings: ['TEAMS_PUBLIC_PORT', 'TEAMS_HTTP_PORT'],
      found: `${s.TEAMS_PUBLIC_PORT} for both`,
      expected: 'two ports: the public listener must not serve the API',
    }
  if (s.TEAMS_PUBLIC_URL && s.TEAMS_LINK_SECRETS === undefined)
    yield {
      settings: ['TEAMS_LINK_SECRETS', 'TEAMS_PUBLIC_URL'],
      found: 'nothing',
      expected: `a secret that signs links, the same for all processes: ${MAKE_SECRET}`,
    }
  if (s.TEAMS_LINK_SECRETS?.some((one) => one === s.TEAMS_HMAC_SECRET_KEY || one === s.TEAMS_HMAC_SECRET_KEY_PREVIOUS))
    yield {
      settings: ['TEAMS_LINK_SECRETS', 'TEAMS_HMAC_SECRET_KEY'],
      found: 'the secret that signs posts',
      expected: `a secret that no receiver of posts has: ${MAKE_SECRET}`,
    }
  if (s.TEAMS_LINK_SECRETS?.length === 0)
    yield {
      settings: ['TEAMS_LINK_SECRETS'],
      found: 'a list without entries',
      expected: 'at least one entry, or no such setting',
    }
  for (const [index, secret] of (s.TEAMS_LINK_SECRETS ?? []).entries())
    if (secret.length < MIN_LINK_SECRET_CHARACTERS)
      yield {
        settings: ['TEAMS_LINK_SECRETS'],
        found: `entry ${index + 1} of ${secret.length} characters`,
        expected: `at least ${MIN_LINK_SECRET_CHARACTERS} characters: ${MAKE_SECRET}`,
      }
  yield* signIn(s)
}

function* signIn(s: Settings): Iterable<Contradiction> {
  const names = ['TEAMS_SIGN_IN_CLIENT_ID', 'TEAMS_SIGN_IN_CLIENT_SECRET', 'TEAMS_SIGN_IN_TENANTS'] as const
  const set = names.filter((name) => s[name] !== undefined).length
  if (set > 0 && set < names.length)
    yield {
      settings: names,
      found: `${set} of the three settings of sign-in`,
      expected: `${names.join(', ')} together`,
    }
  if (set === names.length && !s.TEAMS_PUBLIC_URL && s.TEAMS_SANDBOX === 'off')
    yield {
      settings: ['TEAMS_SIGN_IN_CLIENT_ID', 'TEAMS_PUBLIC_URL'],
      found: 'sign-in without the address that Entra sends people back to',
      expected: 'TEAMS_PUBLIC_URL too; its /auth/callback is the redirect URI of the application',
    }
  if (isRemoteWithoutTls(s.TEAMS_SIGN_IN_AUTHORITY))
    yield {
      settings: ['TEAMS_SIGN_IN_AUTHORITY'],
      found: 'an address without TLS on another machine',
      expected: 'https, since TEAMS_SIGN_IN_CLIENT_SECRET is sent there',
    }
}
