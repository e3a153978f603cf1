import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../kernel/secret.ts'
import type { ActionName } from './actions.ts'

/** What the link of a card's button stands for. */
export interface LinkPayload {
  readonly notificationId: string
  readonly action: ActionName
  /** The link works until then; whole seconds. */
  readonly expiresAt: Date
}

/** The keys that are derived from one secret: for links, for sessions and for forms. */
export interface LinkKey {
  /** First byte of a digest of the key: says which of several keys signed a link, also after they were put in another order. */
  readonly number: number
  readonly signing: Buffer
  /** Seals the cookies of the public listener; 32 bytes. */
  readonly sealing: Buffer
  /** Binds forms to their session; 32 bytes. */
  readonly forms: Buffer
}

/** Keys, read at each use, never empty: links of all are accepted; the first signs, and it alone is for sessions and forms. */
export type LinkKeys = () => readonly [LinkKey, ...LinkKey[]]

/** Why a text is no working link. */
export type LinkRefusal = 'link_truncated' | 'link_forged' | 'link_key_retired' | 'link_unsigned' | 'link_expired'

/** A link that was checked. An expired one says what it was for. */
export type CheckedLink =
  | { readonly ok: true; readonly link: LinkPayload }
  | { readonly ok: false; readonly code: LinkRefusal; readonly link?: LinkPayload }

const VERSION = 1
/** Version, key number, action, 5 bytes of seconds, 16 bytes of id: 24 bytes are 32 characters without a rest. */
const PAYLOAD_BYTES = 24
const PAYLOAD_CHARACTERS = 32
/** HMAC-SHA256, truncated to 128 bits as RFC 2104 (5) allows. */
const SIGNATURE_BYTES = 16
const SIGNATURE_CHARACTERS = 22

/** Length of a link's token in characters. */
export const TOKEN_CHARACTERS = PAYLOAD_CHARACTERS + SIGNATURE_CHARACTERS

/** Stands in place of the signature: as long, valid in a URL, and in no signature, as base64url has no `~`. */
const UNSIGNED = '~'.repeat(SIGNATURE_CHARACTERS)

/** The byte of each action. A number is never used again: cards in Teams have links for as long as they are shown. */
const ACTION_BYTES = {
  acknowledge: 1,
  unacknowledge: 2,
  escalate: 3,
  discard: 4,
  restore: 5,
  replay: 6,
  retry: 7,
  poll: 8,
} as const satisfies Record<ActionName, number>

const ACTIONS_BY_BYTE = new Map(Object.entries(ACTION_BYTES).map(([name, byte]) => [byte, name as ActionName]))

/** Derives the keys of links from a secret, by HKDF-SHA256 (RFC 5869) with a label for each use. */
export function linkKeyOf(secret: Secret): LinkKey {
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', secret.reveal(), 'claimlinc-teams', `${use} v${VERSION}`, 32))
  const signing = derive('link signature')
  const [number = 0] = createHash('sha256').update(signing).digest()
  return { number, signing, sealing: derive('link session'), forms: derive('link form') }
}

/**
 * The token of a link without its signature. Cards are rendered, measured and stored with it; {@link signLinks} signs it in
 * the body that is posted.
 */
export function unsignedToken({ notificationId, action, expiresAt }: LinkPayload): string {
  const bytes = Buffer.alloc(PAYLOAD_BYTES)
  bytes.writeUInt8(VERSION, 0)
  bytes.writeUInt8(ACTION_BYTES[action], 2)
  bytes.writeUIntBE(Math.floor(expiresAt.getTime() / 1000), 3, 5)
  bytes.write(notificationId.replaceAll('-', ''), 8, 'hex')
  return bytes.toString('base64url') + UNSIGNED
}

/** Signs the token of one link. */
export function signToken(unsigned: string, key: LinkKey): string {
  const bytes = Buffer.from(unsigned.slice(0, PAYLOAD_CHARACTERS), 'base64url')
  bytes.writeUInt8(key.number, 1)
  return bytes.toString('base64url') + signatureOf(bytes, key).toString('base64url')
}

/**
 * Signs every link of a notification in its card as JSON. The card keeps its length.
 *
 * Signs only tokens of this notification: a text in an event's data that looks like an unsigned link stays as it is. Its
 * sender can not know the id that the notification will have.
 *
 * @param base of links, as `linkBase` returns it
 */
export function signLinks(cardJson: string, base: string, notificationId: string, key: LinkKey): string {
  if (!cardJson.includes(UNSIGNED)) return cardJson
  const pattern = new RegExp(
    `(?<=${base.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})[A-Za-z0-9_-]{${PAYLOAD_CHARACTERS}}${UNSIGNED}`,
    'g',
  )
  return cardJson.replace(pattern, (token) =>
    payloadOf(token)?.notificationId === notificationId.toLowerCase() ? signToken(token, key) : token,
  )
}

const SIGNATURES = new RegExp(`(?<=/act/[\\w-]{${PAYLOAD_CHARACTERS}})[\\w-]{${SIGNATURE_CHARACTERS}}(?![\\w-])`, 'g')

/** Takes the signatures out of every link in a text, for readers who may not act. The text keeps its length. */
export function unsignLinks(text: string): string {
  return text.replace(SIGNATURES, UNSIGNED)
}

const LINK = new RegExp(`/act/[\\w-]{${PAYLOAD_CHARACTERS}}[\\w~-]{${SIGNATURE_CHARACTERS}}$`)

/** True for the URL of a link, signed or not. */
export function isLink(url: string): boolean {
  return LINK.test(url)
}

/** The beginning of every link's URL: the token follows it. */
export function linkBase(publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/act/`
}

/** Checks the token of a link: form, signature, then expiry. Takes the same time for every wrong signature. */
export function checkToken(token: string, keys: readonly LinkKey[], now: Date): CheckedLink {
  if (token.length < TOKEN_CHARACTERS && /^[\w~-]*$/.test(token)) return { ok: false, code: 'link_truncated' }
  const link = token.length === TOKEN_CHARACTERS ? payloadOf(token) : undefined
  if (link === undefined) return { ok: false, code: 'link_forged' }
  if (token.endsWith(UNSIGNED)) return { ok: false, code: 'link_unsigned' }
  const bytes = Buffer.from(token.slice(0, PAYLOAD_CHARACTERS), 'base64url')
  const named = keys.filter(({ number }) => number === bytes.readUInt8(1))
  if (named.length === 0) return { ok: false, code: 'link_key_retired' }
  const given = Buffer.from(token.slice(PAYLOAD_CHARACTERS), 'base64url')
  const isSigned = named.some((key) => isSame(signatureOf(bytes, key), given))
  // The last character of 16 bytes has four bits that are not read: only one of its spellings is a link.
  if (!isSigned || given.toString('base64url') !== token.slice(PAYLOAD_CHARACTERS))
    return { ok: false, code: 'link_forged' }
  return link.expiresAt <= now ? { ok: false, code: 'link_expired', link } : { ok: true, link }
}

function payloadOf(token: string): LinkPayload | undefined {
  const text = token.slice(0, PAYLOAD_CHARACTERS)
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== PAYLOAD_BYTES || bytes.toString('base64url') !== text || bytes.readUInt8(0) !== VERSION)
    return undefined
  const action = ACTIONS_BY_BYTE.get(bytes.readUInt8(2) as never)
  if (action === undefined) return undefined
  const hex = bytes.toString('hex', 8)
  const notificationId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { notificationId, action, expiresAt: new Date(bytes.readUIntBE(3, 5) * 1000) }
}

function signatureOf(payload: Buffer, key: LinkKey): Buffer {
  return createHmac('sha256', key.signing).update(payload).digest().subarray(0, SIGNATURE_BYTES)
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
