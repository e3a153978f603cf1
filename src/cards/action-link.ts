import { linkBase, unsignedToken } from '../contract/link-token.ts'
import type { ActionLink, ActionName } from './buttons.ts'
import type { CardRequest } from './rendered-card.ts'

/** Options of {@link createActionLink}, read at each card. */
export interface ActionLinkOptions {
  /** Origin at which people reach the pages; undefined where it is not known, and buttons are left out. */
  readonly publicUrl: () => string | undefined
  /** How long a link works, in milliseconds. */
  readonly lifetimeMs: number
  readonly now: () => Date
  /** Whether a retry or a poll can be done for the event: only then is there a button. */
  readonly offers: (action: 'retry' | 'poll', request: CardRequest) => boolean
}

/**
 * Makes the URLs of action buttons: links to a page of the gateway, without their signature, for `signLinks` to add in the body
 * that is posted. A card that belongs to no notification, such as a test card of `doctor`, has no such buttons.
 */
export function createActionLink(options: ActionLinkOptions): ActionLink {
  return (action: ActionName, request) => {
    const publicUrl = options.publicUrl()
    if (publicUrl === undefined || request.notificationId === undefined) return undefined
    if ((action === 'retry' || action === 'poll') && !options.offers(action, request)) return undefined
    const expiresAt = new Date(options.now().getTime() + options.lifetimeMs)
    return linkBase(publicUrl) + unsignedToken({ notificationId: request.notificationId, action, expiresAt })
  }
}
