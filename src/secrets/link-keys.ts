import { randomBytes } from 'node:crypto'
import { type LinkKeys, linkKeyOf } from '../contract/link-token.ts'
import { Secret } from '../kernel/secret.ts'
import type { Settings } from '../settings/table.ts'

/**
 * The keys of links: those of TEAMS_LINK_SECRETS, which TEAMS_PUBLIC_URL needs, else one made up for a sandbox, whose cards and
 * people are gone when the process ends.
 *
 * Rejected: deriving them from TEAMS_HMAC_SECRET_KEY. Each receiver of signed posts has it, and could sign a link, or make
 * the session of any person.
 */
export function createLinkKeys(settings: Pick<Settings, 'TEAMS_LINK_SECRETS'>): LinkKeys {
  const [first = randomBytes(32).toString('hex'), ...others] = settings.TEAMS_LINK_SECRETS ?? []
  const keys: ReturnType<LinkKeys> = [keyOf(first), ...others.map(keyOf)]
  return () => keys
}

function keyOf(secret: string) {
  return linkKeyOf(new Secret(secret))
}
