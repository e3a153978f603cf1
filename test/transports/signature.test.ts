import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { signingKey } from '../../src/contract/signature.ts'
import { verifySignature } from '../../src/contract/verify-signature.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { headerSafe, signedHeaders } from '../../src/transports/signature.ts'

const WHSEC = `whsec_${Buffer.from('32 bytes of a key, more or less!').toString('base64')}`
const signed = (body: string, secrets: string[], more: { correlationId?: string; repeat?: boolean } = {}) =>
  signedHeaders({
    id: '0193-n1',
    correlationId: more.correlationId ?? 'vault-seal-abc123',
    priority: 'HIGH',
    attempt: more.repeat ? 2 : 1,
    repeat: more.repeat ?? false,
    at: new Date(),
    body: Buffer.from(body),
    secrets: secrets.map((secret) => new Secret(secret)),
  })
const verifier = (secret: string) =>
  secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret, 'utf8'), { format: 'raw' })

describe('signedHeaders', () => {
  it('has id, time in seconds, correlation id and attempt', () => {
    const headers = signedHeaders({
      id: '0193-n1',
      correlationId: 'c 1',
      priority: 'CRITICAL',
      attempt: 3,
      repeat: true,
      at: new Date(1_790_000_000_999),
      body: Buffer.from('{}'),
      secrets: [new Secret('your-secret-here')],
    })
    expect(headers).toEqual({
      'webhook-id': '0193-n1',
      'webhook-timestamp': '1790000000',
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      'x-correlation-id': 'c%201',
      'x-priority': 'critical',
      'x-claimlinc-signature': expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
      'x-hmac-signature': headers['x-claimlinc-signature']?.slice('sha256='.length),
      'x-claimlinc-attempt': '3',
      'x-claimlinc-repeat': 'true',
    })
    expect(signed('{}', ['your-secret-here'])).not.toHaveProperty('x-claimlinc-repeat')
  })

  it.each(['your-secret-here', 'مفتاح سرّي طويل', WHSEC])(
    'is verified by standardwebhooks and by verifySignature with the secret %s',
    (secret) => {
      const body = '{"test":"data","name":"عيادة"}'
      const headers = signed(body, [secret])
      expect(verifier(secret).verify(body, headers)).toEqual(JSON.parse(body))
      expect(verifySignature(body, headers, [secret])).toMatchObject({ form: 'standard', id: '0193-n1' })
      expect(
        verifySignature(body, { 'x-hmac-signature': headers['x-hmac-signature'] }, [secret], { plain: true }),
      ).toEqual({
        form: 'plain',
      })
      expect(() => verifier(secret).verify(`${body} `, headers)).toThrow('No matching signature')
      expect(() => verifier('another-secret-16').verify(body, headers)).toThrow('No matching signature')
    },
  )

  it('is verified with either secret during rotation, in both forms', () => {
    const headers = signed('{"a":1}', ['new-secret-of-16-characters', 'old-secret-of-16-characters'])
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2)
    verifier('new-secret-of-16-characters').verify('{"a":1}', headers)
    verifier('old-secret-of-16-characters').verify('{"a":1}', headers)
    const old = signed('{"a":1}', ['old-secret-of-16-characters'])
    expect(headers['x-claimlinc-signature-previous']).toBe(old['x-claimlinc-signature'])
    expect(headers['x-claimlinc-signature']).not.toBe(old['x-claimlinc-signature'])
    expect(old).not.toHaveProperty('x-claimlinc-signature-previous')
  })

  it('equals that of the package standardwebhooks, for any body, id and secret', () => {
    const secret = fc.oneof(
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`),
    )
    const text = fc.string({ unit: 'grapheme', maxLength: 400 })
    const moment = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(text, text, moment, fc.array(secret, { maxLength: 2 }), (id, body, at, keys) => {
        const secrets = keys.map((key) => new Secret(key))
        const headers = signedHeaders({
          id,
          correlationId: 'c',
          priority: 'INFO',
          attempt: 1,
          repeat: false,
          at,
          body: Buffer.from(body),
          secrets,
        })
        const theirs = keys.map((key) => new Webhook(signingKey(key), { format: 'raw' }).sign(id, at, body))
        expect(headers['webhook-signature']).toBe(theirs.join(' '))
      }),
      { numRuns: 300 },
    )
  })

  it.each(['your-secret-here', WHSEC])('equals that of openssl and of the Python line for %s', (secret) => {
    const body = '{"test": "data", "patient": "مريض"}'
    const headers = signed(body, [secret])
    const expected = headers['x-claimlinc-signature']
    expect(expected).toBe(`sha256=${headers['x-hmac-signature']}`)
    const openssl = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], { input: body, encoding: 'utf8' })
    expect(`sha256=${openssl.trim().split('= ')[1]}`).toBe(expected)
    const python = `
import hmac
import hashlib
import sys
secret = sys.argv[1]
payload = sys.argv[2]
sig = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
print(sig)
`
    expect(`sha256=${execFileSync('python3', ['-c', python, secret, body], { encoding: 'utf8' }).trim()}`).toBe(
      expected,
    )
  })

  it('is verified for any body, id and secret', () => {
    const secret = fc.oneof(
      fc.string({ minLength: 16, unit: 'grapheme' }),
      fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`),
    )
    fc.assert(
      fc.property(fc.json(), secret, fc.string({ unit: 'grapheme' }), (body, key, correlationId) => {
        const headers = signed(body, [key], { correlationId })
        verifier(key).verify(body, headers)
        for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$|^$/)
      }),
    )
  })
})

describe('headerSafe', () => {
  it('keeps plain ids unchanged and encodes line breaks', () => {
    expect(headerSafe('corr-claim_xyz789:1/2')).toBe('corr-claim_xyz789:1/2')
    expect(headerSafe('a\r\nx-evil: 1')).toBe('a%0D%0Ax-evil:%201')
    expect(headerSafe('100%')).toBe('100%25')
  })

  it('is decoded to the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const safe = headerSafe(text)
        expect(safe).toMatch(/^[\x21-\x7e]*$/)
        expect(decodeURIComponent(safe)).toBe(text.toWellFormed())
      }),
    )
  })
})
