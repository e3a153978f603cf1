import { describe, expect, it } from 'vitest'
import { signingKey } from './signature.ts'

const WHSEC = `whsec_${Buffer.from('32 bytes of a key, more or less!').toString('base64')}`

describe('signingKey', () => {
  it('is the text itself where it starts with whsec_ and has no base64 after it', () => {
    for (const secret of ['whsec_', 'whsec_not base64!', 'whsec_abcde', 'whsec_مفتاح'])
      expect(Buffer.from(signingKey(secret)).toString('utf8')).toBe(secret)
    expect(Buffer.from(signingKey('whsec_aGVsbG8')).toString()).toBe('hello')
  })

  it('accepts the form "v1,whsec_", which some consoles show', () => {
    expect(signingKey(`v1,${WHSEC}`)).toEqual(signingKey(WHSEC))
  })
})
