import type { Settings } from '../../settings/table.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const SIGN_IN = ['TEAMS_SIGN_IN_CLIENT_ID', 'TEAMS_SIGN_IN_CLIENT_SECRET', 'TEAMS_SIGN_IN_TENANTS']

/**
 * Checks whether cards have buttons that act, and who can use them.
 *
 * @param refused settings that were given and can not be used, which other findings report
 */
export function checkButtons(settings: Settings, refused: ReadonlySet<string>): readonly Finding[] {
  const { TEAMS_PUBLIC_URL: url, TEAMS_PUBLIC_PORT: port, TEAMS_LINK_DAYS: days } = settings
  if (url === undefined && ['TEAMS_PUBLIC_URL', 'TEAMS_LINK_SECRETS'].some((name) => refused.has(name)))
    return [noted('buttons', 'not checked: a setting of theirs was refused, see above')]
  if (url === undefined)
    return [
      noted(
        'buttons',
        settings.TEAMS_SANDBOX === 'off'
          ? 'cards have no buttons that act: TEAMS_PUBLIC_URL is not set'
          : 'cards in Teams have no buttons that act: TEAMS_PUBLIC_URL is not set; cards in the sandbox of "npm start" have them',
        'Set TEAMS_PUBLIC_URL, TEAMS_LINK_SECRETS and TEAMS_PUBLIC_PORT: docs/guides/links.md.',
      ),
    ]
  const detail = `cards link to ${url} for ${days} days, signed with the first of TEAMS_LINK_SECRETS`
  return [
    port === undefined && refused.has('TEAMS_PUBLIC_PORT')
      ? noted('buttons', `${detail}; TEAMS_PUBLIC_PORT was refused, see above`)
      : port === undefined
        ? noted(
            'buttons',
            `${detail}; this process serves no pages`,
            'Set TEAMS_PUBLIC_PORT, unless another process does.',
          )
        : fine('buttons', detail),
    SIGN_IN.some((name) => refused.has(name))
      ? noted('sign-in', 'not checked: a setting of it was refused, see above')
      : checkSignIn(settings),
  ]
}

function checkSignIn({
  TEAMS_SIGN_IN_TENANTS: tenants,
  TEAMS_SIGN_IN_CLIENT_SECRET: secret,
  TEAMS_PUBLIC_URL: url,
  TEAMS_TYPED_NAMES: typed,
}: Settings): Finding {
  if (tenants !== undefined && UUID.test(secret ?? ''))
    return noted(
      'sign-in',
      'TEAMS_SIGN_IN_CLIENT_SECRET has the form of a UUID: so have the ids of client secrets, and not their values',
      'Copy the value of the secret; Entra shows it only when the secret is made.',
    )
  if (tenants !== undefined)
    return fine('sign-in', `people of ${tenants.length} Entra tenants sign in; redirect URI ${url}/auth/callback`)
  const todo =
    'Set TEAMS_SIGN_IN_CLIENT_ID, TEAMS_SIGN_IN_CLIENT_SECRET and TEAMS_SIGN_IN_TENANTS: docs/guides/links.md.'
  return typed === 'on'
    ? noted('sign-in', 'people type their name, which nobody checks, and can only acknowledge', todo)
    : wrong('sign-in', 'nobody can act on a card: there is no sign-in, and TEAMS_TYPED_NAMES is off', todo)
}
