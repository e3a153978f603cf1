import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { signPayload } from '../../src/contract/sign-payload.ts'
import { type RequestHeaders, type VerifyOptions, verifySignature } from '../../src/contract/verify-signature.ts'
import { type GatewayError, isGatewayError } from '../../src/kernel/errors.ts'

const SECRET = 'your-secret-here'
const OTHER_SECRET = 'another-secret-16'
const WHSEC = `whsec_${Buffer.from('32 bytes of a key, more or less!').toString('base64')}`
const BODY = '{"test": "data", "patient": "مريض"}'
const SIX_MINUTES_MS = 6 * 60_000

/** Returns the error for invalid arguments or an invalid signature. */
function refusal(run: () => unknown): GatewayError {
  try {
    run()
  } catch (error) {
    if (isGatewayError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const refused = (
  body: string,
  headers: RequestHeaders,
  secrets: readonly string[],
  options?: VerifyOptions,
): readonly [string, readonly string[]] => {
  const { code, problems } = refusal(() => verifySignature(body, headers, secrets, options))
  return [code, problems.map(({ at, found }) => `${at}: ${found}`)]
}

describe('signPayload', () => {
  it('returns the Standard Webhooks headers and both plain ones, with the current time in seconds', () => {
    const headers = signPayload(BODY, { secret: SECRET, id: 'msg_1', timestamp: new Date(1_790_000_000_999) })
    expect(headers).toEqual({
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1790000000',
      'webhook-signature': new Webhook(SECRET, { format: 'raw' }).sign('msg_1', new Date(1_790_000_000_000), BODY),
      'x-claimlinc-signature': `sha256=${headers['x-hmac-signature']}`,
      'x-hmac-signature': expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it.each([SECRET, WHSEC])('equals openssl and the Python line for %s', (secret) => {
    const { 'x-hmac-signature': hex } = signPayload(BODY, { secret, id: 'msg_1' })
    const openssl = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], { input: BODY, encoding: 'utf8' })
    expect(openssl.trim().split('= ')[1]).toBe(hex)
    expect(pythonSignature(secret, BODY)).toBe(hex)
  })

  it('signs bytes as they are, also those of a larger buffer', () => {
    const inside = Buffer.from(`xx${BODY}yy`).subarray(2, -2)
    const options = { secret: SECRET, id: 'msg_1', timestamp: new Date(1_790_000_000_000) }
    expect(signPayload(new Uint8Array(Buffer.from(BODY)), options)).toEqual(signPayload(BODY, options))
    expect(signPayload(inside, options)).toEqual(signPayload(BODY, options))
  })

  it('throws every problem in one error, and quotes no secret', () => {
    const options = { secret: '', previousSecret: 7, id: 'msg.1', timestamp: new Date('no date') }
    const error = refusal(() => signPayload({ parsed: 'already' } as never, options as never))
    expect(error.code).toBe('invalid_request')
    expect(error.problems.map(({ at }) => at)).toEqual([
      'body',
      'options.secret',
      'options.previousSecret',
      'options.id',
      'options.timestamp',
    ])
  })

  it('names the options that are missing, and refuses bytes that are not UTF-8', () => {
    const run = (body: unknown, options: unknown) =>
      refusal(() => signPayload(body as string, options as { secret: string; id: string })).problems.map(({ at }) => at)
    for (const options of [undefined, null, {}]) expect(run(BODY, options)).toEqual(['options.secret', 'options.id'])
    expect(run(Buffer.from([0x61, 0xff]), { secret: SECRET, id: 'msg_1' })).toEqual(['body'])
  })

  it.each(['whsec_', 'v1,whsec_'])('refuses %s, a prefix without a secret, as verifySignature does', (secret) => {
    const places = (run: () => unknown) => refusal(run).problems.map(({ at }) => at)
    expect(places(() => signPayload(BODY, { secret, id: 'msg_1' }))).toEqual(['options.secret'])
    const forged = new Webhook(Buffer.from(secret), { format: 'raw' }).sign('msg_1', new Date(), BODY)
    const second = String(Math.floor(Date.now() / 1000))
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': second, 'webhook-signature': forged }
    expect(places(() => verifySignature(BODY, headers, [SECRET, secret]))).toEqual(['secrets[1]'])
  })

  it.each(['', 'two\r\nlines', 'رسالة', 'a.b', 'x'.repeat(201)])('refuses the id %j', (id) => {
    expect(refusal(() => signPayload(BODY, { secret: SECRET, id })).problems).toMatchObject([{ at: 'options.id' }])
  })
})

describe('verifySignature', () => {
  it('returns id and time for the headers of signPayload, for any body, id and secret', () => {
    const secret = fc.oneof(
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`),
    )
    const id = fc.stringMatching(/^[\x21-\x2d\x2f-\x7e]{1,200}$/)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), id, secret, (body, messageId, key) => {
        const headers = signPayload(body, { secret: key, id: messageId })
        expect(verifySignature(body, headers, [key])).toEqual({
          form: 'standard',
          id: messageId,
          sentAt: new Date(Number(headers['webhook-timestamp']) * 1000),
        })
        verifySignature(Buffer.from(body), new Headers(headers), [OTHER_SECRET, key])
        verifySignature(body, { 'x-hmac-signature': headers['x-hmac-signature'] }, [OTHER_SECRET, key], { plain: true })
        expect(refused(`${body} `, headers, [key])[0]).toBe('unauthenticated')
        expect(refused(body, headers, [OTHER_SECRET])[0]).toBe('unauthenticated')
      }),
    )
  })

  it('accepts either secret during rotation, in both forms', () => {
    const headers = signPayload(BODY, { secret: 'the-new-secret', previousSecret: SECRET, id: 'msg_1' })
    const { 'x-claimlinc-signature': current, 'x-claimlinc-signature-previous': previous = '' } = headers
    for (const secret of ['the-new-secret', SECRET]) verifySignature(BODY, headers, [secret])
    const plain = { 'x-claimlinc-signature': current, 'x-claimlinc-signature-previous': previous }
    for (const secret of ['the-new-secret', SECRET])
      expect(verifySignature(BODY, plain, [secret], { plain: true })).toEqual({ form: 'plain' })
  })

  it('accepts the plain form of the Python line where it is allowed', () => {
    const headers = { 'X-HMAC-Signature': pythonSignature(SECRET, BODY) }
    expect(verifySignature(BODY, headers, [SECRET], { plain: true })).toEqual({ form: 'plain' })
    expect(refused(BODY, headers, [SECRET])).toEqual(['unauthenticated', ['webhook-signature: nothing']])
  })

  it.each([-SIX_MINUTES_MS, SIX_MINUTES_MS])('refuses a signature that was made %i ms from now', (away) => {
    const timestamp = new Date(Date.now() + away)
    const headers = signPayload(BODY, { secret: SECRET, id: 'msg_1', timestamp })
    const expected = ['unauthenticated', ['webhook-signature: a signature that does not fit']]
    expect(refused(BODY, headers, [SECRET])).toEqual(expected)
    // The plain form beside it covers no time and does not stand in for it.
    expect(refused(BODY, headers, [SECRET], { plain: true })).toEqual(expected)
  })

  it('covers the id and the time', () => {
    const headers = signPayload(BODY, { secret: SECRET, id: 'msg_1' })
    const later = String(Number(headers['webhook-timestamp']) + 1)
    for (const changed of [{ 'webhook-id': 'msg_2' }, { 'webhook-timestamp': later }])
      expect(refused(BODY, { ...headers, ...changed }, [SECRET])[0]).toBe('unauthenticated')
  })

  it('refuses an id with a full stop, by which a part of an old body would pass for a new timestamp', () => {
    const second = String(Math.floor(Date.now() / 1000))
    const timestamp = new Date(Date.now() - 24 * 60 * 60_000)
    const old = signPayload(`note.${second}.pay 100`, { secret: SECRET, id: 'msg_1', timestamp })
    const id = `msg_1.${old['webhook-timestamp']}.note`
    expect(refused('pay 100', { ...old, 'webhook-id': id, 'webhook-timestamp': second }, [SECRET])).toEqual([
      'unauthenticated',
      ['webhook-id: an id with a full stop'],
    ])
  })

  it('covers each byte of the body, also bytes that are not UTF-8', () => {
    const headers = signPayload('a\ufffd', { secret: SECRET, id: 'msg_1' })
    verifySignature(Buffer.from('a\ufffd'), headers, [SECRET])
    const changed = () => verifySignature(Buffer.from([0x61, 0xff]), headers, [SECRET])
    expect(refusal(changed).code).toBe('unauthenticated')
  })

  it('accepts the lists of headersDistinct, where each has one value', () => {
    const headers = Object.entries(signPayload(BODY, { secret: SECRET, id: 'msg_1' }))
    const distinct = Object.fromEntries(headers.map(([name, value]) => [name, [value]]))
    expect(verifySignature(BODY, distinct, [SECRET])).toMatchObject({ form: 'standard', id: 'msg_1' })
    expect(refused(BODY, { ...distinct, 'Webhook-Id': ['msg_2'] }, [SECRET])[1]).toEqual(['webhook-id: nothing'])
  })

  it('names missing headers, and refuses repeated ones', () => {
    const { 'webhook-id': id, ...headers } = signPayload(BODY, { secret: SECRET, id: 'msg_1' })
    expect(refused(BODY, headers, [SECRET])).toEqual(['unauthenticated', ['webhook-id: nothing']])
    expect(refused(BODY, { ...headers, 'webhook-id': undefined }, [SECRET])[1]).toEqual(['webhook-id: nothing'])
    expect(refused(BODY, { ...headers, 'webhook-id': id, 'Webhook-Id': 'msg_2' }, [SECRET])[1]).toEqual([
      'webhook-id: nothing',
    ])
    expect(refused(BODY, { ...headers, 'webhook-id': [id, id] }, [SECRET])[1]).toEqual(['webhook-id: nothing'])
    expect(refused(BODY, {}, [SECRET], { plain: true })).toEqual(['unauthenticated', ['x-hmac-signature: nothing']])
  })

  it('accepts the header names of Svix', () => {
    const headers = signPayload(BODY, { secret: WHSEC, id: 'msg_1' })
    const named = Object.entries(headers).map(([name, value]) => [name.replace('webhook-', 'svix-'), value])
    expect(verifySignature(BODY, Object.fromEntries(named), [WHSEC])).toMatchObject({ form: 'standard', id: 'msg_1' })
  })

  it('has the error codes of HTTP', () => {
    const { status } = refusal(() => verifySignature(BODY, {}, [SECRET]))
    expect(status).toBe(401)
  })

  it('throws every problem of its arguments in one error', () => {
    const run = (body: unknown, headers: unknown, secrets: unknown) =>
      refusal(() => verifySignature(body as string, headers as RequestHeaders, secrets as string[]))
    const both = run({ parsed: 'already' }, 'none', ['', SECRET])
    expect([both.code, both.problems.map(({ at }) => at)]).toEqual([
      'invalid_request',
      ['body', 'headers', 'secrets[0]'],
    ])
    expect(run(BODY, {}, []).problems).toMatchObject([{ at: 'secrets', found: 'an empty list' }])
    expect(run(BODY, {}, SECRET).problems).toMatchObject([{ at: 'secrets', found: 'text of 16 characters' }])
    expect(run(BODY, {}, SECRET).message).not.toContain(SECRET)
  })
})

/** The lines of the platform's checklist, with the secret and the payload as arguments. */
function pythonSignature(secret: string, payload: string): string {
  const lines = `
import hmac
import hashlib
import sys
secret = sys.argv[1]
payload = sys.argv[2]
sig = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
print(sig)
`
  return execFileSync('python3', ['-c', lines, secret, payload], { encoding: 'utf8' }).trim()
}
