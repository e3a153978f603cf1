import { type ActionProvider, offerOf } from '../actions/provider.ts'
import { createActionLink } from '../cards/action-link.ts'
import type { ActionLink } from '../cards/buttons.ts'
import { type LinkKeys, linkBase, signLinks } from '../contract/link-token.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Settings } from '../settings/table.ts'

const DAY_MS = 86_400_000

/** The links of a gateway's buttons. */
export interface Links {
  readonly keys: LinkKeys
  /** Origin of the pages: TEAMS_PUBLIC_URL, else that of {@link Links.attach}; undefined where neither is known. */
  publicUrl(): string | undefined
  /** Sets the origin at which this process serves the pages, for a sandbox, whose people are on this machine. */
  attach(origin: string): void
  readonly actionLink: ActionLink
  /** Signs the links of a notification in its card as JSON. */
  sign(cardJson: string, notificationId: string): string
}

/** Makes the links from the settings and their keys. */
export function createLinks(
  settings: Pick<Settings, 'TEAMS_PUBLIC_URL' | 'TEAMS_LINK_DAYS'>,
  keys: LinkKeys,
  clock: Clock,
  providers: readonly ActionProvider[],
): Links {
  let attached: string | undefined
  const publicUrl = () => settings.TEAMS_PUBLIC_URL ?? attached
  return {
    keys,
    publicUrl,
    attach(origin) {
      attached = origin
    },
    actionLink: createActionLink({
      publicUrl,
      lifetimeMs: settings.TEAMS_LINK_DAYS * DAY_MS,
      now: () => clock.now(),
      offers: (action, { event }) =>
        'provider' in offerOf(providers, action, { ...event, createdAt: event.acceptedAt }),
    }),
    sign(cardJson, notificationId) {
      const [key] = keys()
      const url = publicUrl()
      return url === undefined ? cardJson : signLinks(cardJson, linkBase(url), notificationId, key)
    },
  }
}
