import { describe, expect, it } from 'vitest'
import { TEAMS_MESSAGE_LIMIT, teamsBytes } from '../../contract/card-size.ts'
import type { SandboxEvent } from './sandbox.ts'
import { createSandbox, type SandboxOptions } from './teams.ts'
import type { Post } from './trigger.ts'

const card = { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: 'Vault is sealed' }] }
const envelope = (content: unknown = card) => ({
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
})

/** A sandbox with one channel of each kind, at a time that stands still until it is moved. */
function start(options: Partial<SandboxOptions> = {}) {
  let time = Date.parse('2026-11-21T10:00:00Z')
  const sandbox = createSandbox({
    channels: [
      { key: 'sre', name: '#sre-alerts', payload: 'envelope' },
      { key: 'bare', name: '#bare', payload: 'bare' },
      { key: 'entra', name: '#entra', payload: 'envelope', access: 'entra_token' },
    ],
    now: () => new Date(time),
    ...options,
  })
  const queryOf = (channel: string) =>
    new URL(sandbox.addresses('http://teams').get(channel) ?? 'http://teams?api-version=1').search
  /** Posts a body to a channel's own address; `over` replaces parts of the request. */
  function post(channel: string, body: unknown = envelope(), over: Partial<Post> = {}) {
    const headers = { 'content-type': 'application/json; charset=utf-8', ...over.headers }
    const bytes = typeof body === 'string' ? body : JSON.stringify(body)
    return sandbox.receive(channel, { query: queryOf(channel), body: Buffer.from(bytes), ...over, headers })
  }
  function advance(ms: number): void {
    time += ms
  }
  return { sandbox, post, queryOf, advance }
}

describe('accepted posts', () => {
  it('answers 202 with an empty body and shows the card', () => {
    const { sandbox, post } = start()
    const answer = post('sre', envelope(), { headers: { 'x-correlation-id': 'abc', 'webhook-signature': 'v1,x' } })
    expect(answer).toMatchObject({ status: 202, body: '' })
    const [message] = sandbox.messages('sre')
    expect(message).toMatchObject({ card, run: 'succeeded', body: JSON.stringify(envelope()) })
    expect(message?.received_at).toBe('2026-11-21T10:00:00.000Z')
    expect(message?.headers).toMatchObject({ 'x-correlation-id': 'abc', 'webhook-signature': 'v1,x' })
    expect(message?.bytes).toBe(teamsBytes(envelope()))
    expect(answer.headers['x-ms-workflow-run-id']).toBe(message?.id)
  })

  it('may be a bare card where the flow wants one, measured as wrapped', () => {
    const { sandbox, post } = start()
    expect(post('bare', card).status).toBe(202)
    expect(sandbox.messages('bare')[0]).toMatchObject({ card, run: 'succeeded', bytes: teamsBytes(envelope()) })
  })

  it('is stored without credentials', () => {
    const { sandbox, post } = start()
    expect(
      post('entra', envelope(), { headers: { authorization: 'Bearer marked-token', cookie: 'marked' } }).status,
    ).toBe(202)
    expect(JSON.stringify(sandbox.messages('entra'))).not.toContain('marked')
  })

  it('makes one message for each attachment, and one for none', () => {
    const { sandbox, post } = start()
    post('sre', { type: 'message', attachments: [{ content: card }, { content: { ...card, version: '1.4' } }] })
    expect(sandbox.messages('sre').map((message) => message.card)).toEqual([card, { ...card, version: '1.4' }])
    post('sre', { type: 'message', attachments: [] })
    expect(sandbox.messages('sre')[2]).toMatchObject({ card: null, run: 'succeeded' })
  })

  it('has another sig for each channel and start, and none for Entra', () => {
    const { sandbox, queryOf } = start()
    expect(sandbox.addresses('http://t').get('sre')).toMatch(
      /^http:\/\/t\/sandbox\/channels\/sre\/webhook\?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1\.0&sig=[\w-]{43}$/,
    )
    expect(queryOf('sre')).not.toBe(queryOf('bare'))
    expect(queryOf('sre')).not.toBe(start().queryOf('sre'))
    expect(queryOf('entra')).toBe('?api-version=1')
  })
})

describe('refused posts', () => {
  const withQuery = (change: (query: URLSearchParams) => void) => (query: string) => {
    const changed = new URLSearchParams(query)
    change(changed)
    return `?${changed}`
  }
  const none = Buffer.alloc(0)
  const refusals: [string, string, number, string, (query: string) => Partial<Post>][] = [
    ['an unknown channel', 'nobody', 404, 'WorkflowNotFound', () => ({})],
    ['no query', 'sre', 400, 'MissingApiVersionParameter', () => ({ query: '' })],
    [
      'no signature',
      'sre',
      401,
      'DirectApiAuthorizationRequired',
      (query) => ({ query: withQuery((q) => q.delete('sig'))(query) }),
    ],
    ['a mangled signature', 'sre', 401, 'DirectApiAuthorizationRequired', (query) => ({ query: query.slice(0, -1) })],
    [
      'no version of the signature',
      'sre',
      401,
      'DirectApiAuthorizationRequired',
      (query) => ({ query: withQuery((q) => q.delete('sv'))(query) }),
    ],
    [
      'no permissions',
      'sre',
      401,
      'DirectApiAuthorizationRequired',
      (query) => ({ query: withQuery((q) => q.delete('sp'))(query) }),
    ],
    [
      'a token beside a signature',
      'sre',
      401,
      'DirectApiAuthorizationRequired',
      () => ({ headers: { authorization: 'Bearer x' } }),
    ],
    [
      'a token and a signature, where a token is wanted',
      'entra',
      400,
      'DirectApiRequestHasMoreThanOneAuthorization',
      (query) => ({ query: `${query}&sig=x`, headers: { authorization: 'Bearer x' } }),
    ],
    ['no token where one is wanted', 'entra', 401, 'DirectApiAuthorizationRequired', () => ({})],
    [
      'an empty token',
      'entra',
      401,
      'DirectApiAuthorizationRequired',
      () => ({ headers: { authorization: 'Bearer ' } }),
    ],
    [
      'a form',
      'sre',
      415,
      'UnsupportedMediaType',
      () => ({ headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ],
    ['no content type', 'sre', 415, 'UnsupportedMediaType', () => ({ headers: { 'content-type': undefined } })],
    ['JSON cut short', 'sre', 400, 'InvalidRequestContent', () => ({ body: Buffer.from('{"type":"mess') })],
    ['no body', 'sre', 400, 'InvalidRequestContent', () => ({ body: none })],
    ['broken UTF-8', 'sre', 400, 'InvalidRequestContent', () => ({ body: Buffer.from([0x22, 0xc3, 0x28, 0x22]) })],
  ]

  it.each(refusals)('%s', (_title, channel, status, code, over) => {
    const { sandbox, post, queryOf } = start()
    const query = channel === 'nobody' ? queryOf('sre') : queryOf(channel)
    const answer = post(channel, envelope(), { query, ...over(query) })
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toEqual({ error: { code, message: expect.stringMatching(/./) } })
    if (channel === 'nobody') return
    expect(sandbox.messages(channel)).toEqual([])
    expect(sandbox.channels().find(({ key }) => key === channel)).toMatchObject({
      messages: 0,
      refused: 1,
      last_refusal: { status, code },
    })
  })
})

describe('accepted posts whose run fails', () => {
  const failures: [string, 'sre' | 'bare', unknown, RegExp][] = [
    [
      'a bare card on the stock flow',
      'sre',
      card,
      /'foreach' expression .* is of type 'Null'\. The result must be a valid array/,
    ],
    ['attachments that are no list', 'sre', { type: 'message', attachments: {} }, /is of type 'Object'/],
    ['a list on the stock flow', 'sre', [card], /is of type 'Null'/],
    [
      'an envelope on a flow for bare cards',
      'bare',
      envelope(),
      /^InvalidBotAdaptiveCard - .*Property 'type' must be 'AdaptiveCard'/,
    ],
    ['a MessageCard', 'sre', envelope({ '@type': 'MessageCard', text: 'x' }), /^InvalidBotAdaptiveCard/],
    ['an attachment without content', 'sre', { attachments: [{}] }, /^InvalidBotAdaptiveCard/],
    ['text', 'bare', '"text"', /^InvalidBotAdaptiveCard/],
  ]

  it.each(failures)('%s', (_title, channel, body, error) => {
    const { sandbox, post } = start()
    expect(post(channel, body)).toMatchObject({ status: 202, body: '' })
    expect(sandbox.messages(channel)).toMatchObject([
      { run: 'failed', card: null, error: expect.stringMatching(error) },
    ])
  })

  it('for a message one byte too large, and not for one at the limit', () => {
    const { sandbox, post } = start()
    const sized = (length: number) => ({ ...card, body: [{ type: 'TextBlock', text: 'x'.repeat(length) }] })
    const room = TEAMS_MESSAGE_LIMIT - teamsBytes(envelope(sized(0)))
    post('sre', envelope(sized(room)))
    post('sre', envelope(sized(room + 1)))
    const [fits, over] = sandbox.messages('sre')
    expect(fits).toMatchObject({ run: 'succeeded', bytes: 28_672 })
    expect(over).toMatchObject({
      run: 'failed',
      card: null,
      bytes: 28_673,
      error:
        'MessageSizeExceeded - Message properties size exceeded. Actual 28673 bytes, whereas max allowed size is 28672 bytes',
    })
  })

  it('refuses the wrong shape at once with wrongShape: refuse', () => {
    const { sandbox, post } = start({ wrongShape: 'refuse' })
    expect(post('sre', card)).toMatchObject({ status: 400 })
    expect(post('bare', envelope())).toMatchObject({ status: 400 })
    expect(post('sre').status).toBe(202)
    expect(post('bare', card).status).toBe(202)
    expect(sandbox.channels().map(({ messages, refused }) => [messages, refused])).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ])
  })
})

describe('faults', () => {
  it('answers the given number of posts with a status and Retry-After', () => {
    const { sandbox, post } = start()
    sandbox.setFaults('sre', { status: 429, retry_after: 30, times: 2 })
    const answer = post('sre')
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '30' } })
    expect(JSON.parse(answer.body).error.code).toBe('TooManyRequests')
    expect(sandbox.channels()[0]?.faults).toEqual({ status: 429, retry_after: 30, times: 1 })
    expect(post('bare', card).status).toBe(202)
    expect(post('sre').status).toBe(429)
    expect(post('sre').status).toBe(202)
    expect(sandbox.channels()[0]).toMatchObject({ faults: {}, messages: 1, refused: 2 })
  })

  it('accepts Retry-After as an HTTP date', () => {
    const { sandbox, post } = start()
    sandbox.setFaults('sre', { status: 503, retry_after: 'Sat, 21 Nov 2026 10:00:30 GMT' })
    expect(post('sre').headers['retry-after']).toBe('Sat, 21 Nov 2026 10:00:30 GMT')
  })

  it('lasts until it is cleared, or as long as it was set for', () => {
    const { sandbox, post, advance } = start()
    sandbox.setFaults('sre', { status: 500 })
    expect([post('sre').status, post('sre').status]).toEqual([500, 500])
    sandbox.setFaults('sre', {})
    expect(post('sre').status).toBe(202)
    expect(sandbox.setFaults('sre', { status: 500, for_seconds: 30 })).toEqual({
      status: 500,
      until: '2026-11-21T10:00:30.000Z',
    })
    advance(29_999)
    expect(post('sre').status).toBe(500)
    advance(1)
    expect(post('sre').status).toBe(202)
    expect(sandbox.channels()[0]?.faults).toEqual({})
  })

  it('throttles only posts above the rate per second', () => {
    const { sandbox, post, advance } = start()
    sandbox.setFaults('sre', { max_per_second: 2 })
    expect([post('sre').status, post('sre').status]).toEqual([202, 202])
    expect(post('sre')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
    advance(1000)
    expect([post('sre').status, post('sre').status, post('sre').status]).toEqual([202, 202, 429])
  })

  it('answers 200 with an error in the body, and records a failed run', () => {
    const { sandbox, post } = start()
    sandbox.setFaults('sre', { status: 200, body: 'Webhook message delivery failed', times: 1 })
    expect(post('sre')).toMatchObject({ status: 200, body: 'Webhook message delivery failed' })
    expect(sandbox.messages('sre')).toMatchObject([{ run: 'failed', card: null }])
  })

  it('accepts the message unless it is cut before, or answered with an error', () => {
    const { sandbox, post } = start()
    const taken = [
      { cut: 'before' },
      { cut: 'headers' },
      { cut: 'body' },
      { hang: true },
      { hang: true, status: 500 },
    ].map((faults) => {
      sandbox.clear('sre')
      sandbox.setFaults('sre', { ...faults, times: 1 })
      post('sre')
      return sandbox.messages('sre').length
    })
    expect(taken).toEqual([0, 1, 1, 1, 0])
  })

  it('is refused with every problem in one error', () => {
    const { sandbox } = start()
    const set = () => sandbox.setFaults('sre', { status: 99, cut: 'late', times: 0, retry_after: 'a\r\nb', wait: 1 })
    expect(set).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        problems: expect.arrayContaining(
          ['status', 'cut', 'times', 'retry_after', 'wait'].map((at) => expect.objectContaining({ at })),
        ),
      }),
    )
    expect(() => sandbox.setFaults('sre', null)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    expect(() => sandbox.setFaults('nobody', {})).toThrow(expect.objectContaining({ code: 'not_found' }))
    expect(sandbox.channels()[0]?.faults).toEqual({})
  })
})

describe('kept messages', () => {
  it('keeps the newest and counts all', () => {
    const { sandbox, post } = start({ maxMessages: 3 })
    for (let n = 0; n < 5; n++) post('sre', envelope({ ...card, n }))
    expect(sandbox.messages('sre').map((message) => message.card)).toEqual([2, 3, 4].map((n) => ({ ...card, n })))
    expect(sandbox.channels()[0]?.messages).toBe(5)
    sandbox.clear('sre')
    expect(sandbox.messages('sre')).toEqual([])
    expect(sandbox.channels()[0]?.messages).toBe(0)
  })

  it('returns the messages since a message or a time', () => {
    const { sandbox, post, advance } = start()
    for (let n = 0; n < 4; n++) {
      post('sre', envelope({ ...card, n }))
      advance(1000)
    }
    const all = sandbox.messages('sre')
    const since = (value: string) => sandbox.messages('sre', { since: value }).length
    expect(since(all[1]?.id ?? '')).toBe(2)
    expect(since('2026-11-21T10:00:02Z')).toBe(1)
    expect(since('019aa000-0000-7000-8000-000000000000')).toBe(4)
    expect(sandbox.messages('sre', { limit: 2 })).toEqual(all.slice(2))
    expect(() => since('yesterday')).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})

describe('listeners', () => {
  it('get events for messages, refusals, faults and clearing', () => {
    const { sandbox, post } = start()
    const events: SandboxEvent[] = []
    const unsubscribe = sandbox.subscribe((event) => events.push(event))
    post('sre')
    post('sre', 'no json')
    sandbox.setFaults('sre', { status: 500, times: 1 })
    post('sre')
    sandbox.clear('sre')
    unsubscribe()
    post('sre')
    expect(events.map(({ type }) => type)).toEqual(['message', 'refused', 'faults', 'faults', 'refused', 'cleared'])
    expect(events[0]).toMatchObject({ channel: { key: 'sre', messages: 1 }, message: { card } })
  })

  it('waitFor resolves with messages, and rejects when its signal aborts', async () => {
    const { sandbox, post } = start()
    const two = sandbox.waitFor('sre', 2)
    post('sre')
    post('bare', card)
    post('sre')
    expect(await two).toHaveLength(2)
    expect(await sandbox.waitFor('sre', 1)).toHaveLength(2)
    const controller = new AbortController()
    const never = sandbox.waitFor('sre', 3, controller.signal)
    controller.abort(new Error('enough'))
    await expect(never).rejects.toThrow('enough')
    await expect(sandbox.waitFor('nobody', 1)).rejects.toMatchObject({ code: 'not_found' })
  })
})
