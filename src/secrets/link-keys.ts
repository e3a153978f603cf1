import { type LinkKey, linkKeyOf } from '../contract/link-token.ts'
import { Secret } from '../kernel/secret.ts'
import type { Settings } from '../settings/table.ts'
import type { Secrets } from './secrets.ts'

/** Keys of links, read at each use: the first signs, all verify. Empty where links can not be made. */
export type LinkKeys = () => readonly LinkKey[]

/**
 * The keys of links: those of TEAMS_LINK_SECRETS, else derived from the signing secrets, current and previous.
 *
 * Empty where the signing secret was made up at start: each replica has another one, and no link would outlast a restart.
 */
export function createLinkKeys(
  settings: Pick<Settings, 'TEAMS_LINK_SECRETS'>,
  secrets: Pick<Secrets, 'signingSecrets' | 'signingSecretIsMadeUp'>,
): LinkKeys {
  const own = settings.TEAMS_LINK_SECRETS?.map((secret) => linkKeyOf(new Secret(secret)))
  if (own !== undefined) return () => own
  let derivedFrom: readonly Secret[] = []
  let derived: readonly LinkKey[] = []
  return () => {
    if (secrets.signingSecretIsMadeUp) return []
    const current = secrets.signingSecrets()
    if (current !== derivedFrom) {
      derived = current.map(linkKeyOf)
      derivedFrom = current
    }
    return derived
  }
}
