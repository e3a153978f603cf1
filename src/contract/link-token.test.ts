import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { ACTION_NAMES } from './actions.ts'
import { checkToken, linkBase, linkKeyOf, signLinks, signToken, TOKEN_CHARACTERS, unsignedToken } from './link-token.ts'

const KEY = linkKeyOf(new Secret('current-secret-0123456789'))
const PREVIOUS = linkKeyOf(new Secret('previous-secret-0123456789'))
const NOW = new Date('2026-11-30T08:00:00Z')
const LINK = {
  notificationId: '01946a5f-6d68-7000-8000-0000000000ff',
  action: 'acknowledge',
  expiresAt: new Date('2026-12-30T08:00:00Z'),
} as const
const BASE = linkBase('https://actions.example.sa')
const unsigned = unsignedToken(LINK)
const signed = signToken(unsigned, KEY)

describe('a token', () => {
  it.each(ACTION_NAMES)('names the notification, %s and the expiry again', (action) => {
    const token = signToken(unsignedToken({ ...LINK, action }), KEY)
    expect(checkToken(token, [KEY], NOW)).toEqual({ ok: true, link: { ...LINK, action } })
  })

  it('is 54 characters of base64url, with and without its signature', () => {
    expect(TOKEN_CHARACTERS).toBe(54)
    expect(unsigned).toHaveLength(54)
    expect(signed).toMatch(/^[A-Za-z0-9_-]{54}$/)
  })

  it('outlasts a rotation: any of the keys verifies it, in any order', () => {
    expect(checkToken(signed, [PREVIOUS, KEY], NOW).ok).toBe(true)
    expect(checkToken(signToken(unsigned, PREVIOUS), [KEY, PREVIOUS], NOW).ok).toBe(true)
  })

  it('is refused once its key is not listed any more', () => {
    expect(checkToken(signed, [PREVIOUS], NOW)).toEqual({ ok: false, code: 'link_key_retired' })
    expect(checkToken(signed, [], NOW)).toEqual({ ok: false, code: 'link_key_retired' })
  })

  it('is refused at its expiry, and says what it was for', () => {
    expect(checkToken(signed, [KEY], LINK.expiresAt)).toEqual({ ok: false, code: 'link_expired', link: LINK })
  })

  it('is refused as it stands in the record', () => {
    expect(checkToken(unsigned, [KEY], NOW)).toEqual({ ok: false, code: 'link_unsigned' })
  })

  it('is refused with any character changed', () => {
    const others = [...signed].map((character, at) => {
      const other = character === 'A' ? 'B' : 'A'
      return signed.slice(0, at) + other + signed.slice(at + 1)
    })
    for (const token of others) expect(checkToken(token, [KEY], NOW).ok, token).toBe(false)
  })

  it('has one spelling: the unread bits of its last character are zero', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const accepted = [...alphabet].filter((last) => checkToken(signed.slice(0, -1) + last, [KEY], NOW).ok)
    expect(accepted).toEqual([signed.at(-1)])
  })

  it.each([1, 10, 31, 32, 53])('is refused when only %s characters of it are left', (length) => {
    expect(checkToken(signed.slice(0, length), [KEY], NOW)).toEqual({ ok: false, code: 'link_truncated' })
  })

  it.each(['', 'x'.repeat(54), `${signed}A`, `${signed.slice(0, 53)}/`, '\u0000'.repeat(54), 'ü'.repeat(54)])(
    'is not %j',
    (text) => {
      expect(checkToken(text, [KEY], NOW).ok).toBe(false)
    },
  )

  it('is no text that anybody makes up, and no text throws', () => {
    const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{54}$/)
    const lookalike = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/).map((signature) => unsigned.slice(0, 32) + signature)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), base64url, lookalike), (text) => {
        expect(checkToken(text, [KEY, PREVIOUS], NOW).ok).toBe(false)
      }),
    )
  })

  it('of one action or notification is none of another: the signature belongs to the payload', () => {
    const other = signToken(unsignedToken({ ...LINK, action: 'discard' }), KEY)
    expect(checkToken(other.slice(0, 32) + signed.slice(32), [KEY], NOW)).toEqual({ ok: false, code: 'link_forged' })
  })
})

describe('signLinks', () => {
  const card = JSON.stringify({ actions: [{ url: BASE + unsigned }, { url: 'https://logs.example.sa' }] })

  it('signs the links of the notification and keeps the length', () => {
    const posted = signLinks(card, BASE, LINK.notificationId, KEY)
    expect(posted).toBe(card.replace(unsigned, signed))
    expect(posted).toHaveLength(card.length)
  })

  it('signs nothing for another notification, and nothing at another address', () => {
    expect(signLinks(card, BASE, '01946a5f-6d68-7000-8000-0000000000aa', KEY)).toBe(card)
    expect(signLinks(card, linkBase('https://elsewhere.example'), LINK.notificationId, KEY)).toBe(card)
  })

  it('returns a card without links as it is', () => {
    expect(signLinks('{"body":[]}', BASE, LINK.notificationId, KEY)).toBe('{"body":[]}')
  })
})
