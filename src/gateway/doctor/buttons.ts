import type { Settings } from '../../settings/table.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

/** Checks whether cards have buttons that act, and who can use them. */
export function checkButtons(settings: Settings): readonly Finding[] {
  const { TEAMS_PUBLIC_URL: url, TEAMS_PUBLIC_PORT: port, TEAMS_LINK_DAYS: days } = settings
  if (url === undefined)
    return [
      noted(
        'buttons',
        'cards have no buttons that act: TEAMS_PUBLIC_URL is not set',
        'Set TEAMS_PUBLIC_URL, TEAMS_LINK_SECRETS and TEAMS_PUBLIC_PORT: docs/guides/links.md.',
      ),
    ]
  const detail = `cards link to ${url} for ${days} days, signed with the first of TEAMS_LINK_SECRETS`
  return [
    port === undefined
      ? noted(
          'buttons',
          `${detail}; this process serves no pages`,
          'Set TEAMS_PUBLIC_PORT, unless another process does.',
        )
      : fine('buttons', detail),
    checkSignIn(settings),
  ]
}

function checkSignIn({
  TEAMS_SIGN_IN_TENANTS: tenants,
  TEAMS_PUBLIC_URL: url,
  TEAMS_TYPED_NAMES: typed,
}: Settings): Finding {
  if (tenants !== undefined)
    return fine('sign-in', `people of ${tenants.length} Entra tenants sign in; redirect URI ${url}/auth/callback`)
  const todo =
    'Set TEAMS_SIGN_IN_CLIENT_ID, TEAMS_SIGN_IN_CLIENT_SECRET and TEAMS_SIGN_IN_TENANTS: docs/guides/links.md.'
  return typed === 'on'
    ? noted('sign-in', 'people type their name, which nobody checks, and can only acknowledge', todo)
    : wrong('sign-in', 'nobody can act on a card: there is no sign-in, and TEAMS_TYPED_NAMES is off', todo)
}
