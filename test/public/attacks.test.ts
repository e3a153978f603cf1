import net from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { linkKeyOf } from '../../src/contract/link-token.ts'
import { createCookies } from '../../src/http/public/cookies.ts'
import { proveForm } from '../../src/http/public/form-proof.ts'
import { newSession, type Person } from '../../src/http/public/session.ts'
import type { SignIn } from '../../src/http/public/sign-in.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createBrowser, filled, KEY, startListener, tokenFor } from './listener.ts'

const TENANT = '0d5a6f0c-0000-4000-8000-000000000001'
const SARA: Person = { id: 'oid-of-sara', tenantId: TENANT, name: 'Sara', roles: [] }

/** A sign-in of one tenant that nobody begins. */
const SIGN_IN: SignIn = {
  tenants: [{ id: TENANT, name: 'Hospital' }],
  begin: () => Promise.reject(new Error('not begun')),
  finish: async () => ({ ok: false, code: 'sign_in_failed' }),
}

/** The cookie of a person who signed in, and a form of that session. */
async function signedIn(token: string, person = SARA) {
  const session = newSession(person)
  const cookies = createCookies({ keys: () => [KEY], isSecure: () => false, now: () => new Date() })
  const cookie = (await cookies.write('session', session, 3600)).split(';')[0] ?? ''
  const { actionId, mac } = proveForm(KEY, session.id, token)
  const form = new URLSearchParams({ action_id: actionId, proof: mac, reason: 'x', do: 'act' })
  return { cookie, form }
}

/** Sends lines as they are; the answer once the connection ends. */
function rawAnswer(origin: string, lines: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = net.connect(Number(new URL(origin).port), '127.0.0.1', () => socket.write(lines.join('\r\n')))
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => undefined)
    socket.on('data', (data) => (answer += data))
    socket.on('close', () => resolve(answer))
  })
}

describe('a session', () => {
  it('that the holder of a previous secret of links made opens nothing', async () => {
    const next = linkKeyOf(new Secret('the-next-secret-of-links-0123456789'))
    const { origin, service } = await startListener({ keys: () => [next, KEY], signIn: SIGN_IN })
    const token = tokenFor(service, 'discard')
    const { cookie, form } = await signedIn(token)
    const response = await createBrowser(origin).post(`/act/${token}`, form, { cookie })
    expect(response.status).toBe(403)
    expect(service.calls).toEqual([])
  })

  it.each([
    ['whose tenant was removed', { ...SIGN_IN, tenants: [{ id: TENANT.replace('1', '2'), name: 'Other' }] }],
    ['from before sign-in was turned off', undefined],
  ])('%s acts no more', async (_, signIn) => {
    const { origin, service } = await startListener({ signIn })
    const token = tokenFor(service, 'discard')
    const { cookie, form } = await signedIn(token)
    const browser = createBrowser(origin)
    expect((await browser.post(`/act/${token}`, form, { cookie })).status).toBe(403)
    expect(await (await browser.get(`/act/${token}`, { cookie })).text()).not.toContain('Sara')
    expect(service.calls).toEqual([])
  })
})

describe('a holder of a link', () => {
  it('keeps nobody out who signed in, nor from signing in', async () => {
    const now = new Date()
    const { origin, server, service } = await startListener({ signIn: SIGN_IN, now: () => now })
    const token = tokenFor(service, 'discard')
    const url = `/act/${token}`
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' }
    for (let i = 0; i < 130; i += 1) await server.app.inject({ method: 'POST', url, headers, payload: 'a=b' })
    for (let i = 0; i < 310; i += 1) await server.app.inject({ method: 'GET', url })
    const { cookie, form } = await signedIn(token)
    const browser = createBrowser(origin)
    expect((await browser.get(url, { cookie })).status).toBe(200)
    expect((await browser.post(url, form, { cookie })).status).toBe(200)
    expect(await (await browser.get(url)).text()).toContain('sign_in=')
    expect(service.calls).toHaveLength(1)
  })

  it('without a session takes nothing from the forms of people with typed names', async () => {
    const now = new Date()
    const { origin, server, service } = await startListener({ now: () => now })
    const url = `/act/${tokenFor(service)}`
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' }
    for (let i = 0; i < 130; i += 1) await server.app.inject({ method: 'POST', url, headers, payload: 'a=b' })
    const browser = createBrowser(origin)
    expect((await browser.post(url, filled(await browser.form(url), { name: 'Sara' }))).status).toBe(200)
  })
})

describe('sign-ins that are never ended', () => {
  it('leave a browser four cookies, which go to the end of a sign-in alone and for ten minutes', async () => {
    const begin: SignIn['begin'] = async (tenantId, from) => ({
      url: 'https://entra.example/',
      flow: { state: crypto.randomUUID(), nonce: 'n', verifier: 'v', tenantId, ...from },
    })
    const { origin, service } = await startListener({ signIn: { ...SIGN_IN, begin } })
    const browser = createBrowser(origin)
    for (let i = 0; i < 20; i += 1) {
      const response = await browser.get(`/act/${tokenFor(service)}?sign_in=${TENANT}`)
      expect(response.status).toBe(303)
      const [flow] = response.headers.getSetCookie()
      expect(flow).toMatch(/; Max-Age=600; Path=\/auth\/callback; HttpOnly; SameSite=Lax$/)
    }
    expect([...browser.jar.keys()].filter((name) => /sign_in_\d/.test(name))).toHaveLength(4)
  })
})

describe('a form that was sent before', () => {
  it.each([
    ['en', 'You did this already at', 'This is the answer to what you sent first'],
    ['ar', 'سبق أن نفّذت ذلك في', 'هذه نتيجة ما أرسلته أولًا'],
  ])('and has other inputs shows what it did first, in %s, and not a word of keys', async (language, title, note) => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}?lang=${language}`
    const form = await browser.form(url)
    await browser.post(url, filled(form, { name: 'Sara', note: 'on my way' }))
    const response = await browser.post(url, filled(form, { name: 'Sara', note: 'not on my way' }))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain(title)
    expect(text).toContain(note)
    expect(text).toContain('on my way</bdi>')
    expect(text).not.toContain('not on my way')
    expect(text).not.toContain('action_key_reused')
    expect(service.done).toHaveLength(1)
  })

  it('and was refused shows why, also with other inputs', async () => {
    const { origin, service } = await startListener()
    const [browser, other] = [createBrowser(origin), createBrowser(origin)]
    const url = `/act/${tokenFor(service)}`
    const form = await browser.form(url)
    await other.post(url, filled(await other.form(url), { name: 'Omar' }))
    const send = (note: string) => browser.post(url, filled(form, { name: 'Sara', note }))
    await send('on my way')
    const response = await send('not on my way')
    expect(response.status).toBe(403)
    const text = await response.text()
    expect(text).toContain('already_acknowledged')
    expect(text).toContain('Omar')
    expect(text).toContain('This is the answer to what you sent first')
    expect(text).not.toContain('You did this already')
  })
})

describe('connections', () => {
  it('that send bodies slowly close the pages to nobody, and are cut off', async () => {
    const { origin, service } = await startListener()
    const slow = Array.from({ length: 80 }, () =>
      rawAnswer(origin, [
        'POST /act/x HTTP/1.1',
        'host: x',
        'content-type: application/x-www-form-urlencoded',
        'content-length: 100',
        '',
        'a',
      ]),
    )
    // The listener has read the headers of connections that came before this one.
    await (await fetch(`${origin}/act/x`)).text()
    for (let i = 0; i < 3; i += 1) expect((await fetch(`${origin}/act/${tokenFor(service)}`)).status).toBe(200)
    const began = performance.now()
    await Promise.all(slow)
    expect(performance.now() - began).toBeLessThan(8_000)
  })

  it.each(['/act/%zz', `/act/${'a'.repeat(300)}`])('that ask for %s get the headers of every answer', async (path) => {
    const { origin, service } = await startListener()
    const answer = await rawAnswer(origin, [`GET ${path} HTTP/1.1`, 'host: x', 'connection: close', '', ''])
    for (const name of ['content-security-policy', 'x-frame-options', 'x-content-type-options', 'referrer-policy'])
      expect(answer.toLowerCase()).toContain(`${name}: `)
    expect(answer).toMatch(/cache-control: no-store/i)
    expect(service.refusals).toMatchObject([{ code: 'link_forged' }])
  })
})
