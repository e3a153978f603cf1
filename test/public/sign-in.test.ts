import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ActionName } from '../../src/contract/actions.ts'
import { createSignIn } from '../../src/http/public/entra-sign-in.ts'
import type { RoleClaims } from '../../src/http/public/sign-in.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { type EntraStandIn, startEntraStandIn } from '../../src/stand-ins/entra.ts'
import type { IdTokenChanges } from '../../src/stand-ins/entra-sign-in.ts'
import { createBrowser, filled, startListener, tokenFor } from './listener.ts'
import { TIERS } from './memory-acting.ts'

const TENANT = '0d5a6f0c-0000-4000-8000-000000000001'
const OTHER_TENANT = '0d5a6f0c-0000-4000-8000-000000000002'
const SARA = { id: '11111111-0000-4000-8000-000000000001', name: 'Sara Al-Harbi', username: 'sara@hospital.example' }
const ON_CALL = '22222222-0000-4000-8000-000000000001'

let entra: EntraStandIn
let redirectUri: string
beforeAll(async () => {
  entra = await startEntraStandIn({
    tenantId: TENANT,
    clientId: 'pages',
    clientSecret: 'secret-of-the-pages',
    scope: 'https://graph.microsoft.com/.default',
    signIn: {
      redirectUris: () => [redirectUri],
      users: [
        { ...SARA, groups: [ON_CALL], appRoles: ['Responder'] },
        { id: '11111111-0000-4000-8000-000000000002', name: 'Omar \u202Enimda', username: 'omar@hospital.example' },
      ],
    },
  })
})
afterAll(() => entra.close())
beforeEach(() => entra.changeNextIdToken({}))

/** A listener where people sign in against the stand-in. */
async function listener(more: { clientSecret?: string; clientId?: string; tenants?: readonly string[] } = {}) {
  let origin = ''
  const claims: RoleClaims[] = []
  const started = await startListener({
    publicUrl: () => origin,
    signIn: createSignIn({
      authority: entra.authority,
      clientId: more.clientId ?? 'pages',
      clientSecret: new Secret(more.clientSecret ?? 'secret-of-the-pages'),
      tenants: (more.tenants ?? [TENANT]).map((id) => ({ id, name: `tenant ${id.at(-1)}` })),
      publicUrl: () => origin,
      rolesOf: (given) => {
        claims.push(given)
        return given.groups.includes(ON_CALL) ? ['on_call'] : []
      },
    }),
  })
  origin = started.origin
  redirectUri = `${origin}/auth/callback`
  return { ...started, claims, browser: createBrowser(origin) }
}
type Listener = Awaited<ReturnType<typeof listener>>

/** Goes to Entra and chooses a person; returns the address to which Entra sends the browser. */
async function choose({ browser, service }: Listener, userId = SARA.id, action: ActionName = 'acknowledge') {
  const start = await browser.get(`/act/${tokenFor(service, action)}?lang=en&sign_in=${TENANT}`)
  expect(start.status).toBe(303)
  const authorize = start.headers.get('location') ?? ''
  const back = await fetch(`${authorize}&choose=${userId}`, { redirect: 'manual' })
  expect(back.status).toBe(302)
  const url = new URL(back.headers.get('location') ?? '')
  return { authorize: new URL(authorize), url, path: url.pathname + url.search }
}

async function signIn(on: Listener, action: ActionName = 'acknowledge', userId = SARA.id) {
  const { path } = await choose(on, userId, action)
  const response = await on.browser.get(path)
  expect(response.status).toBe(303)
  return response
}

describe('a sign-in', () => {
  it('is asked for first, on a page that says nothing about the event', async () => {
    const on = await listener()
    const response = await on.browser.get(`/act/${tokenFor(on.service)}`)
    const page = await response.text()
    expect(page).toContain('Sign in (Microsoft)')
    expect(page).not.toMatch(/Vault|vault-seal/)
    expect(page).not.toContain('<form')
  })

  it('uses the code flow with PKCE, state and nonce', async () => {
    const { authorize } = await choose(await listener())
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      client_id: 'pages',
      response_type: 'code',
      scope: 'openid profile',
      code_challenge_method: 'S256',
      redirect_uri: redirectUri,
      state: expect.stringMatching(/^[\w-]{32}$/),
      nonce: expect.stringMatching(/^[\w-]{32}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  it('leads back to the link, and the person acts with name, object id and roles', async () => {
    const on = await listener()
    const response = await signIn(on, 'discard')
    const url = response.headers.get('location') ?? ''
    expect(url).toMatch(/^\/act\/[\w-]{54}\?lang=en$/)
    const page = await (await on.browser.get(url)).text()
    expect(page).toContain('Vault node is sealed')
    expect(page).toContain('Signed in as <bdi>Sara Al-Harbi</bdi>')
    const form = filled(await on.browser.form(url), { reason: 'false alarm', quiet_for: '3600' })
    expect((await on.browser.post(url, form)).status).toBe(200)
    expect(on.service.calls).toMatchObject([
      {
        request: { action: 'discard', reason: 'false alarm', quietFor: 3600 },
        actor: {
          via: 'entra',
          id: SARA.id,
          name: 'Sara Al-Harbi',
          verified: true,
          roles: ['on_call'],
          relayedBy: null,
        },
      },
    ])
    expect(on.claims).toEqual([{ groups: [ON_CALL], appRoles: ['Responder'] }])
  })

  it('shows whom to ask where the roles are not enough', async () => {
    const on = await listener()
    on.service.neededRole = 'duty_manager'
    const url = (await signIn(on)).headers.get('location') ?? ''
    const page = await (await on.browser.get(url)).text()
    expect(page).toContain('not_permitted')
    expect(page).toContain('<li><bdi>duty_manager</bdi></li>')
  })

  it('asks again for a needed input, and keeps what was typed', async () => {
    const on = await listener()
    on.service.page = { tiers: TIERS }
    const url = (await signIn(on, 'escalate')).headers.get('location') ?? ''
    const response = await on.browser.post(url, filled(await on.browser.form(url), { tier: '3' }))
    expect(response.status).toBe(422)
    const page = await response.text()
    expect(page).toContain('<a href="#reason">This is needed.</a>')
    expect(page).toContain('name="tier" value="3" checked>')
    expect(page.match(/ checked/g)).toHaveLength(1)
  })

  it('takes marks of direction out of a name', async () => {
    const on = await listener()
    const url = (await signIn(on, 'acknowledge', '11111111-0000-4000-8000-000000000002')).headers.get('location') ?? ''
    expect(await (await on.browser.get(url)).text()).toContain('<bdi>Omar nimda</bdi>')
  })

  it('gives the browser a new session, so that an id from before is worth nothing', async () => {
    const on = await listener()
    const url = `/act/${tokenFor(on.service)}`
    await on.browser.get(url)
    const before = on.browser.jar.get('teams_session')
    await signIn(on)
    expect(on.browser.jar.get('teams_session')).not.toBe(before)
  })

  it('ends with signing out', async () => {
    const on = await listener()
    const url = (await signIn(on)).headers.get('location') ?? ''
    const form = new URLSearchParams([...(await on.browser.form(url)), ['do', 'sign_out']])
    expect(await (await on.browser.post(url, form)).text()).toContain('You are signed out')
    expect(await (await on.browser.get(url)).text()).toContain('Sign in to go on')
  })

  it('chooses among several tenants, each with its own issuer', async () => {
    const on = await listener({ tenants: [TENANT, OTHER_TENANT] })
    const page = await (await on.browser.get(`/act/${tokenFor(on.service)}`)).text()
    expect(page).toContain('Sign in (tenant 1)')
    expect(page).toContain('Sign in (tenant 2)')
    await signIn(on)
  })
})

describe('a sign-in is refused and recorded', () => {
  async function refusedBy(on: Listener, path: string): Promise<string> {
    const response = await on.browser.get(path)
    expect(response.status).toBeGreaterThanOrEqual(400)
    const code = /<code dir="ltr">(\w+)<\/code>/.exec(await response.text())?.[1] ?? ''
    expect(on.service.refusals.at(-1)?.code).toBe(code)
    const again = await on.browser.get(`/act/${tokenFor(on.service)}`)
    expect(await again.text()).toContain('Sign in to go on')
    return code
  }

  it('in another browser than the one that began it (login CSRF)', async () => {
    const on = await listener()
    const { path } = await choose(on)
    const victim = { ...on, browser: createBrowser(on.origin) }
    expect(await refusedBy(victim, path)).toBe('sign_in_state')
  })

  it('the second time, with the same state and cookie', async () => {
    const on = await listener()
    const { path } = await choose(on)
    const cookies = new Map(on.browser.jar)
    expect((await on.browser.get(path)).status).toBe(303)
    const replay = { ...on, browser: createBrowser(on.origin) }
    for (const [name, value] of cookies) replay.browser.jar.set(name, value)
    expect(await refusedBy(replay, path)).toBe('sign_in_state')
  })

  it.each([
    ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(32))],
    ['no state', (url: URL) => url.searchParams.delete('state')],
    ['two states', (url: URL) => url.searchParams.append('state', 'x')],
  ])('with %s', async (_, change) => {
    const on = await listener()
    const { url } = await choose(on)
    change(url)
    expect(await refusedBy(on, url.pathname + url.search)).toBe('sign_in_state')
  })

  it.each([
    ['no code', (url: URL) => url.searchParams.delete('code'), 'sign_in_token'],
    ['the code of nobody', (url: URL) => url.searchParams.set('code', 'guessed'), 'sign_in_failed'],
  ])('with %s', async (_, change, code) => {
    const on = await listener()
    const { url } = await choose(on)
    change(url)
    expect(await refusedBy(on, url.pathname + url.search)).toBe(code)
  })

  it('when the person cancels at Entra', async () => {
    const on = await listener()
    expect(await refusedBy(on, (await choose(on, 'nobody')).path)).toBe('sign_in_declined')
  })

  it.each<[string, IdTokenChanges, string]>([
    ['for another application', { claims: { aud: 'another-app' } }, 'sign_in_token'],
    ['of another issuer', { claims: { iss: 'https://evil.example/v2.0' } }, 'sign_in_tenant'],
    ['of another tenant', { claims: { tid: OTHER_TENANT } }, 'sign_in_tenant'],
    ['with another nonce', { claims: { nonce: 'n'.repeat(32) } }, 'sign_in_token'],
    ['without a nonce', { claims: { nonce: undefined } }, 'sign_in_token'],
    ['that has expired', { claims: { exp: 1_700_000_000 } }, 'sign_in_token'],
    ['without an object id', { claims: { oid: undefined } }, 'sign_in_token'],
    ['without a signature', { signature: 'none' }, 'sign_in_token'],
    ['signed with the public key as a secret', { signature: 'HS256' }, 'sign_in_token'],
    ['signed with another key', { signature: 'other' }, 'sign_in_token'],
  ])('by a token %s', async (_, changes, code) => {
    const on = await listener()
    const { path } = await choose(on)
    entra.changeNextIdToken(changes)
    expect(await refusedBy(on, path)).toBe(code)
    expect(on.claims).toEqual([])
  })

  it('where the client secret is wrong', async () => {
    const on = await listener({ clientSecret: 'expired' })
    expect(await refusedBy(on, (await choose(on)).path)).toBe('sign_in_failed')
    const line = on.lines.join('')
    expect(line).toContain('"oauth_error":"invalid_client","aadsts":7000215')
    expect(line).not.toContain('AADSTS')
  })

  it('for a tenant that is not listed: no sign-in begins', async () => {
    const on = await listener()
    const response = await on.browser.get(`/act/${tokenFor(on.service)}?sign_in=${OTHER_TENANT}`)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('Sign in to go on')
  })

  it('where Entra can not be reached, and works once it can', async () => {
    const on = await listener({ tenants: [OTHER_TENANT] })
    const response = await on.browser.get(`/act/${tokenFor(on.service)}?sign_in=${OTHER_TENANT}`)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('sign_in_unreachable')
    expect(on.lines.join('')).toContain('sign_in_failed')
  })

  it('with a session cookie that was changed, or made elsewhere', async () => {
    const on = await listener()
    const url = (await signIn(on)).headers.get('location') ?? ''
    const sealed = on.browser.jar.get('teams_session') ?? ''
    for (const other of [`${sealed.slice(0, -3)}AAA`, 'eyJhbGciOiJub25lIn0.e30.', sealed.replace('eyJ', 'eyK'), '']) {
      on.browser.jar.set('teams_session', other)
      expect(await (await on.browser.get(url)).text()).toContain('Sign in to go on')
    }
  })

  it('with the cookie of a sign-in as a session, and the other way round', async () => {
    const on = await listener()
    const { path } = await choose(on)
    const [[flowName = '', flow = ''] = []] = [...on.browser.jar].filter(([name]) => name.includes('sign_in'))
    on.browser.jar.set('teams_session', flow)
    expect(await (await on.browser.get(`/act/${tokenFor(on.service)}`)).text()).toContain('Sign in to go on')
    await signIn(on)
    on.browser.jar.set(flowName, on.browser.jar.get('teams_session') ?? '')
    expect((await on.browser.get(path)).status).toBe(400)
  })

  it('after the hours for which a person stays signed in', async () => {
    const on = await listener()
    const url = (await signIn(on)).headers.get('location') ?? ''
    const [, cookie] = /^(.*)$/.exec(on.browser.jar.get('teams_session') ?? '') ?? []
    expect(cookie).toBeDefined()
    const later = await startListener({
      now: () => new Date(Date.now() + 9 * 3_600_000),
      signIn: createSignIn({
        authority: entra.authority,
        clientId: 'pages',
        clientSecret: new Secret('x'),
        tenants: [{ id: TENANT, name: 'x' }],
        publicUrl: () => undefined,
        rolesOf: () => [],
      }),
      service: on.service,
    })
    const browser = createBrowser(later.origin)
    browser.jar.set('teams_session', cookie ?? '')
    expect(await (await browser.get(url)).text()).toContain('Sign in to go on')
  })
})

describe('the way back from a sign-in', () => {
  it('never leads to another site, whatever the address of the start says', async () => {
    const on = await listener()
    const token = tokenFor(on.service)
    const start = await on.browser.get(
      `/act/${token}?sign_in=${TENANT}&lang=//evil.example&return=https://evil.example`,
    )
    const back = await fetch(`${start.headers.get('location')}&choose=${SARA.id}`, { redirect: 'manual' })
    const url = new URL(back.headers.get('location') ?? '')
    url.searchParams.set('return_to', 'https://evil.example')
    const end = await on.browser.get(url.pathname + url.search)
    expect(end.headers.get('location')).toBe(`/act/${token}?lang=en`)
  })
})

describe('the stand-in for Entra', () => {
  it('refuses a redirect URI and an application that are not registered, on a page of its own', async () => {
    const { authorize } = await choose(await listener())
    for (const [name, number] of [
      ['redirect_uri', '50011'],
      ['client_id', '700016'],
    ] as const) {
      const url = new URL(authorize)
      url.searchParams.set(name, 'https://evil.example/auth/callback')
      const response = await fetch(url, { redirect: 'manual' })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain(`AADSTS${number}`)
    }
  })

  it('demands PKCE, and gives a token once for a code and its verifier', async () => {
    const on = await listener()
    const { authorize, url } = await choose(on)
    const without = new URL(authorize)
    without.searchParams.delete('code_challenge')
    const refused = await fetch(without, { redirect: 'manual' })
    expect(refused.headers.get('location')).toContain('error=invalid_request')
    const redeem = async () => {
      const response = await fetch(`${entra.authority}/${TENANT}/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: 'pages',
          client_secret: 'secret-of-the-pages',
          redirect_uri: redirectUri,
          code: url.searchParams.get('code') ?? '',
          code_verifier: 'another',
        }),
      })
      return ((await response.json()) as { error_codes?: number[] }).error_codes
    }
    expect(await redeem()).toEqual([501481])
    expect(await redeem()).toEqual([54005])
  })
})
