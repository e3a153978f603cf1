import type { ActionName, Actor } from './actions.ts'

/**
 * Every refusal at the public listener: of links, of forms, of sign-ins. A code is a contract: pages, log lines, audit entries
 * and docs/reference/link-refusals.md have it. `todo` is for those who operate the gateway; pages have words of their own.
 */
export const LINK_REFUSALS = {
  link_truncated: {
    status: 404,
    meaning: 'The link lacks its end',
    todo: 'Most often a chat or a mail program broke it. Nothing, if the button on the card works.',
  },
  link_forged: {
    status: 404,
    meaning: 'The signature is wrong, or the text is no link',
    todo: 'Many in a short time are somebody who guesses; no guess is worth its try (128 bits).',
  },
  link_key_retired: {
    status: 410,
    meaning: 'The link names a key that is not used any more',
    todo: 'Keep the previous secret in TEAMS_LINK_SECRETS, after the new one, for TEAMS_LINK_DAYS after a rotation. All replicas need the same secrets.',
  },
  link_unsigned: {
    status: 404,
    meaning: 'The link was copied from the record or from the API, which hold no working links',
    todo: 'Use the button on the card.',
  },
  link_expired: { status: 410, meaning: 'The link is older than TEAMS_LINK_DAYS', todo: 'Use "claimlinc-teams act".' },
  cross_site: {
    status: 403,
    meaning: 'The form came from a page at another address',
    todo: 'If it is not an attack: TEAMS_PUBLIC_URL is not the address at which people reach the pages.',
  },
  form_forged: {
    status: 403,
    meaning: 'The form is not of this session, this link or this page; most often cookies are off',
    todo: 'If it happens to everybody: all replicas need the same secrets, and the proxy must pass cookies on.',
  },
  form_expired: { status: 409, meaning: 'The form was fetched more than an hour ago', todo: 'Nothing.' },
  too_many: {
    status: 429,
    meaning: 'The person or the link had more requests in a minute than one works with',
    todo: 'Nothing, unless somebody tries to flood the gateway.',
  },
  name_invalid: {
    status: 422,
    meaning:
      'The typed name is too short or too long, or has characters that are not shown, such as marks of direction',
    todo: 'Nothing.',
  },
  typed_names_off: {
    status: 403,
    meaning: 'Nobody can act: there is no sign-in, and TEAMS_TYPED_NAMES is off',
    todo: 'Set up the sign-in, or TEAMS_TYPED_NAMES=on.',
  },
  sign_in_state: {
    status: 400,
    meaning: 'The sign-in was begun in another browser, took longer than 10 minutes, or was ended already',
    todo: 'If it happens to everybody: the proxy must pass cookies on, and TEAMS_PUBLIC_URL must be the address in the browser.',
  },
  sign_in_declined: {
    status: 403,
    meaning: 'Entra sent the person back with an error: consent, assignment, or the person cancelled',
    todo: 'Look into the sign-in logs of Entra. Assign the person to the application, or give consent for the organisation.',
  },
  sign_in_failed: {
    status: 502,
    meaning: 'Entra refused the gateway',
    todo: 'Most often the client secret has expired, or the redirect URI is not TEAMS_PUBLIC_URL/auth/callback.',
  },
  sign_in_unreachable: {
    status: 503,
    meaning: 'Entra can not be reached',
    todo: 'Allow https to TEAMS_SIGN_IN_AUTHORITY; check HTTPS_PROXY. A wrong tenant id looks the same.',
  },
  sign_in_token: {
    status: 403,
    meaning: 'The token of the sign-in is not for this gateway: signature, algorithm, audience, nonce or age are wrong',
    todo: 'Check TEAMS_SIGN_IN_CLIENT_ID and the clock. Otherwise somebody tries to get in.',
  },
  sign_in_tenant: {
    status: 403,
    meaning:
      'The token is of a tenant that is not in TEAMS_SIGN_IN_TENANTS, or of another one than the sign-in was for',
    todo: 'Add the tenant, if its people may act.',
  },
} as const satisfies Readonly<Record<string, { status: number; meaning: string; todo: string }>>

/** A key of {@link LINK_REFUSALS}. */
export type LinkRefusalCode = keyof typeof LINK_REFUSALS

/** A refusal at the public listener, for the audit trail. */
export interface RefusedLink {
  readonly code: LinkRefusalCode
  /** What the link was for; null where its signature is not right. */
  readonly notificationId: string | null
  readonly action: ActionName | null
  /** Who tried, as far as it is known. */
  readonly actor: Pick<Actor, 'via' | 'id' | 'name'> | null
  /** How many refusals it stands for. */
  readonly count: number
}
