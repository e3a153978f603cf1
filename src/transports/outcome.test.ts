import { describe, expect, it } from 'vitest'
import { OUTCOMES } from '../contract/outcomes.ts'
import { outcome, outcomeOfAnswer, outcomeOfError } from './outcome.ts'

/** Written out by hand and not read from the table, so that a slip in the table fails here. */
const STATUSES: readonly (readonly [from: number, to: number, name: string, consequence: string])[] = [
  [100, 199, 'server_error', 'retry'],
  [200, 299, 'accepted', 'accepted'],
  [300, 399, 'redirected', 'channel'],
  [400, 400, 'bad_request', 'failed'],
  [401, 401, 'unauthorized', 'channel'],
  [402, 402, 'bad_request', 'failed'],
  [403, 403, 'unauthorized', 'channel'],
  [404, 404, 'gone', 'channel'],
  [405, 406, 'bad_request', 'failed'],
  [407, 407, 'unauthorized', 'channel'],
  [408, 408, 'request_timeout', 'retry'],
  [409, 409, 'bad_request', 'failed'],
  [410, 410, 'gone', 'channel'],
  [411, 412, 'bad_request', 'failed'],
  [413, 413, 'too_large', 'failed'],
  [414, 424, 'bad_request', 'failed'],
  [425, 425, 'request_timeout', 'retry'],
  [426, 428, 'bad_request', 'failed'],
  [429, 429, 'rate_limited', 'pause'],
  [430, 499, 'bad_request', 'failed'],
  [500, 599, 'server_error', 'retry'],
]

const ERRORS: readonly (readonly [code: string, name: string, consequence: string])[] = [
  ['CERT_HAS_EXPIRED', 'tls_failed', 'channel'],
  ['CERT_NOT_YET_VALID', 'tls_failed', 'channel'],
  ['CERT_REVOKED', 'tls_failed', 'channel'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed', 'channel'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_failed', 'channel'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed', 'channel'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls_failed', 'channel'],
  ['HOSTNAME_MISMATCH', 'tls_failed', 'channel'],
  ['INVALID_CA', 'tls_failed', 'channel'],
  ['INVALID_PURPOSE', 'tls_failed', 'channel'],
  ['PATH_LENGTH_EXCEEDED', 'tls_failed', 'channel'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed', 'channel'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls_version', 'channel'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'tls_version', 'channel'],
  ['ERR_SSL_NO_PROTOCOLS_AVAILABLE', 'tls_version', 'channel'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_failed', 'channel'],
  ['EPROTO', 'tls_failed', 'channel'],
  ['PROXY_407', 'proxy_refused', 'channel'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timed_out', 'retry'],
  ['UND_ERR_BODY_TIMEOUT', 'timed_out', 'retry'],
  ['ETIMEDOUT', 'timed_out', 'retry'],
  ['ERR_SEND_TIMEOUT', 'timed_out', 'retry'],
  ['ECONNREFUSED', 'connection_failed', 'retry'],
  ['ECONNRESET', 'connection_failed', 'retry'],
  ['EPIPE', 'connection_failed', 'retry'],
  ['ENOTFOUND', 'connection_failed', 'retry'],
  ['EAI_AGAIN', 'connection_failed', 'retry'],
  ['EHOSTUNREACH', 'connection_failed', 'retry'],
  ['ENETUNREACH', 'connection_failed', 'retry'],
  ['UND_ERR_SOCKET', 'connection_failed', 'retry'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connection_failed', 'retry'],
  ['UND_ERR_CLOSED', 'connection_failed', 'retry'],
  ['UND_ERR_DESTROYED', 'connection_failed', 'retry'],
  ['HPE_INVALID_CONSTANT', 'connection_failed', 'retry'],
  ['HPE_INVALID_HEADER_TOKEN', 'connection_failed', 'retry'],
  ['EMFILE', 'connection_failed', 'retry'],
  ['UND_ERR_HEADERS_OVERFLOW', 'connection_failed', 'retry'],
]

describe('statuses', () => {
  it('has every status from 100 to 599 lead where the table in this test says', () => {
    const seen: number[] = []
    for (const [from, to, name, consequence] of STATUSES)
      for (let status = from; status <= to; status++) {
        const { name: got, statusCode, mayHaveArrived } = outcomeOfAnswer({ status, body: '' })
        expect([status, got, OUTCOMES[got].consequence, statusCode]).toEqual([status, name, consequence, status])
        expect(mayHaveArrived).toBe(status >= 500 || status < 200)
        seen.push(status)
      }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => 100 + index))
  })

  it('counts a number that is no HTTP status as server_error', () => {
    for (const status of [0, 99, 600, 999, 1000, Number.NaN])
      expect(outcomeOfAnswer({ status, body: '' }).name).toBe('server_error')
  })
})

describe('network errors', () => {
  it.each(ERRORS)('%s is %s (%s)', (code, name, consequence) => {
    const got = outcomeOfError(Object.assign(new Error('x'), { code }), true)
    expect([got.name, OUTCOMES[got.name].consequence, got.errorCode]).toEqual([name, consequence, code])
    expect(got.mayHaveArrived).toBe(true)
  })

  it('have every code of OUTCOMES in the table of this test', () => {
    const patterns = Object.values(OUTCOMES).flatMap((row) => ('errors' in row ? [...row.errors] : []))
    const covered = (pattern: string) =>
      ERRORS.some(([code]) => (pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern))
    expect(patterns.filter((pattern) => !covered(pattern))).toEqual([])
    expect(patterns.length).toBeGreaterThan(20)
  })

  it('finds the code in a cause, and in the errors of a host with several addresses', () => {
    const cause = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' })
    expect(outcomeOfError(new Error('fetch failed', { cause }), false)).toMatchObject({
      name: 'tls_failed',
      errorCode: 'CERT_HAS_EXPIRED',
    })
    const several = new AggregateError([Object.assign(new Error('x'), { code: 'ENETUNREACH' })])
    expect(outcomeOfError(several, false)).toMatchObject({ name: 'connection_failed', errorCode: 'ENETUNREACH' })
  })

  it('retries unknown errors, and never quotes them', () => {
    for (const error of [new Error('https://x/?sig=s3cr3t'), 's3cr3t', null, { code: 's3cr3t with spaces' }]) {
      const got = outcomeOfError(error, false)
      expect(got).toMatchObject({ name: 'connection_failed', errorCode: undefined, mayHaveArrived: false })
      expect(JSON.stringify(got)).not.toContain('s3cr3t')
    }
  })
})

describe('bodies', () => {
  const of = (status: number, body: unknown, sent: string[] = []) =>
    outcomeOfAnswer({ status, body: typeof body === 'string' ? body : JSON.stringify(body), sent: () => sent })

  it.each([
    [404, { error: { code: 'WorkflowNotFound' } }, 'flow_off', 'WorkflowNotFound'],
    [400, { error: { code: 'WorkflowTriggerIsNotEnabled', message: 'x' } }, 'flow_off', 'WorkflowTriggerIsNotEnabled'],
    [200, { error: { code: 'WorkflowDisabled' } }, 'flow_off', 'WorkflowDisabled'],
    [400, { error: { code: 'MessageSizeTooBig' } }, 'too_large', 'MessageSizeTooBig'],
    [500, { code: 'RequestEntityTooLarge' }, 'too_large', 'RequestEntityTooLarge'],
    [401, { error: { code: 'DirectApiAuthorizationRequired' } }, 'unauthorized', 'DirectApiAuthorizationRequired'],
    [
      400,
      { error: { code: 'DirectApiRequestHasMoreThanOneAuthorization' } },
      'unauthorized',
      'DirectApiRequestHasMoreThanOneAuthorization',
    ],
    [400, { error: 'invalid_client' }, 'bad_request', 'invalid_client'],
    [400, { error: { code: 40013 } }, 'bad_request', '40013'],
    [400, { error: { code: 'two words' } }, 'bad_request', undefined],
    [400, { error: { code: 'x'.repeat(65) } }, 'bad_request', undefined],
    [400, { error: { code: { deep: 1 } } }, 'bad_request', undefined],
    [400, '[{"error":', 'bad_request', undefined],
  ])('status %i with %j is %s, code %s', (status, body, name, code) => {
    expect(of(status, body)).toMatchObject({ name, errorCode: code, statusCode: status })
  })

  const CONNECTOR = 'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error'
  it.each([
    ['', 'accepted', undefined],
    ['1', 'accepted', undefined],
    ['{"error":null}', 'accepted', undefined],
    ['{"id":"0858"}', 'accepted', undefined],
    ['{"error":"cut off in the mid', 'accepted', undefined],
    ['{"error":{"code":"InvalidBotAdaptiveCard"}}', 'refused_in_body', 'InvalidBotAdaptiveCard'],
    ['\uFEFF {"error":{"message":"x"}}', 'refused_in_body', undefined],
    [`${CONNECTOR} 413 with ContextId x`, 'refused_in_body', 'HTTP_413'],
    [`${CONNECTOR} 429 with ContextId x`, 'rate_limited', 'HTTP_429'],
    ['Webhook message delivery failed', 'refused_in_body', undefined],
    ['<!DOCTYPE html><html><head><title>Access denied</title>', 'web_page', undefined],
    ['\uFEFF\n<!-- squid --> <HTML lang="ar">', 'web_page', undefined],
    ['<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML', 'web_page', undefined],
    ['<ok/>', 'accepted', undefined],
    ['<htmlish>', 'accepted', undefined],
  ])('a 2xx whose body is %j is %s', (body, name, code) => {
    for (const status of [200, 202]) expect(of(status, body)).toMatchObject({ name, errorCode: code })
  })

  it('drops a code that is, contains or is part of a text of the request', () => {
    const sig = 'S1gnature_of-the.url'
    for (const code of [sig, 'gnature_of', `x.${sig}.y`])
      expect(of(400, { error: { code } }, [`/workflows/1?sig=${sig}`, sig]).errorCode).toBeUndefined()
    expect(of(400, { error: { code: 'BadCard' } }, [`/workflows/1?sig=${sig}`, sig]).errorCode).toBe('BadCard')
  })

  it('keeps a known error code that the card contains too', () => {
    expect(of(400, { error: { code: 'WorkflowNotFound' } }, ['WorkflowNotFound']).name).toBe('flow_off')
  })
})

describe('messages', () => {
  it('have status and code, and what to do where there is something', () => {
    expect(outcome('too_large', { statusCode: 413, errorCode: 'RequestEntityTooLarge' }).message).toBe(
      'The card is larger than the receiver takes (status 413, RequestEntityTooLarge). Lower TEAMS_CARD_MAX_BYTES and replay the notification.',
    )
    expect(outcome('rate_limited', { statusCode: 429 }).message).toBe(
      'Teams refused the card because the channel gets too many cards (status 429). The channel rests for Retry-After. Without that header the rest doubles with each 429 in a row. Lower TEAMS_RATE_LIMIT_REQUESTS if it happens often.',
    )
    expect(outcome('timed_out').message).toBe(
      'No answer came within TEAMS_CONNECTION_TIMEOUT; the card may have arrived.',
    )
    expect(outcome('connection_failed', { errorCode: 'ENOTFOUND' }).message).toBe(
      'The connection could not be opened, or it broke (ENOTFOUND). If it keeps failing, check DNS, proxy and firewall.',
    )
  })
})
