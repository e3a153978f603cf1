import { describe, expect, it } from 'vitest'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

const TOKEN = 'a-token-that-is-long-enough'
const READER = 'a-reader-that-is-long-enough'

describe('the sandbox of a gateway with tokens', () => {
  it('needs a token to read or change, and Basic authentication in a browser', async () => {
    const gateway = await serveQuick(await startedStore('postgres'), {
      TEAMS_API_TOKENS: `ops:admin:${TOKEN},eyes:read:${READER}`,
    })
    const ask = (path: string, init: RequestInit = {}) => fetch(`${gateway.origin}${path}`, init)
    const as = (token: string, init: RequestInit = {}) => ({
      ...init,
      headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`me:${token}`)}`, ...init.headers },
    })
    const faults = { method: 'PUT', body: '{}' }
    const path = '/sandbox/channels/sre/faults'

    const refused = await ask('/sandbox')
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="claimlinc-teams"'])
    for (const closed of ['/sandbox/channels', '/sandbox/channels/sre/messages', '/sandbox/events'])
      expect([closed, (await ask(closed)).status]).toEqual([closed, 401])
    expect((await ask('/sandbox', as(READER))).status).toBe(200)
    expect((await ask(path, as(READER, faults))).status).toBe(403)
    expect((await ask(path, as(TOKEN, faults))).status).toBe(200)
    // A browser adds the password by itself, also to what a foreign page makes it send.
    expect((await ask(path, as(TOKEN, { ...faults, headers: { origin: 'https://evil.example' } }))).status).toBe(403)

    await gateway.wired.service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'] }],
      'test',
    )
    const [message] = (await gateway.wired.sandbox?.model.waitFor('sre', 1)) ?? []
    expect(message?.run).toBe('succeeded')
  })

  it('shows working links to callers who may act, and none to readers', async () => {
    const gateway = await serveQuick(await startedStore('postgres'), {
      TEAMS_API_TOKENS: `hand:read+act:${TOKEN},eyes:read:${READER}`,
      TEAMS_PUBLIC_PORT: 0,
    })
    const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
    const streams = await Promise.all(
      [TOKEN, READER].map((token) => fetch(`${gateway.origin}/sandbox/events`, as(token))),
    )
    await gateway.wired.service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'] }],
      'test',
    )
    await gateway.wired.sandbox?.model.waitFor('sre', 1)
    const listed = await Promise.all(
      [TOKEN, READER].map(async (token) =>
        (await fetch(`${gateway.origin}/sandbox/channels/sre/messages`, as(token))).text(),
      ),
    )
    const streamed = await Promise.all(streams.map(readUntilLink))
    for (const [acting, reading] of [listed, streamed]) {
      expect(acting).toMatch(/\/act\/[\w-]{54}"/)
      expect(reading).toMatch(/\/act\/[\w-]{32}~{22}"/)
      expect(reading).not.toMatch(/\/act\/[\w-]{33}/)
    }
  })
})

/** Reads server-sent events up to the first with a link. */
async function readUntilLink({ body }: Response): Promise<string> {
  let text = ''
  for await (const chunk of body ?? []) {
    text += new TextDecoder().decode(chunk)
    if (/\/act\/[^\n]*\n\n/.test(text)) return text
  }
  return text
}
