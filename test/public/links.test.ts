import { describe, expect, it } from 'vitest'
import { type LinkKeys, linkKeyOf, signToken, unsignedToken } from '../../src/contract/link-token.ts'
import { newId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createBrowser, filled, KEY, startListener, tokenFor } from './listener.ts'
import { createMemoryActing, TIERS } from './memory-acting.ts'

const SARA = { name: 'Sara Al-Harbi' }
const now = new Date()
/** Limits count per minute of the clock; this one stands still. */
const IN_ONE_MINUTE = { now: () => now }

describe('GET', () => {
  it('shows what happened and what will happen, and changes nothing, however often a scanner fetches it', async () => {
    const { origin, service } = await startListener()
    const url = `${origin}/act/${tokenFor(service)}`
    for (const method of ['GET', 'GET', 'HEAD', 'GET']) {
      const response = await fetch(url, { method, redirect: 'manual' })
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    }
    const page = await (await fetch(url)).text()
    expect(page).toContain('Vault node is sealed')
    expect(page).toContain('You look after this event')
    expect(service.calls).toEqual([])
    expect(service.done).toEqual([])
    expect(service.refusals).toEqual([])
    // It used nothing up: the form of a page works after all of them.
    const browser = createBrowser(origin)
    const form = await browser.form(url)
    expect((await browser.post(url, filled(form, SARA))).status).toBe(200)
    expect(service.done).toHaveLength(1)
  })

  it('is in the language of the card, and in the other one when asked', async () => {
    const service = createMemoryActing({ language: 'ar' })
    const { origin } = await startListener({ service })
    const token = tokenFor(service)
    const own = await (await fetch(`${origin}/act/${token}`)).text()
    expect(own).toContain('<html lang="ar" dir="rtl">')
    expect(own).toContain('إحدى عقد Vault مختومة')
    expect(await (await fetch(`${origin}/act/${token}?lang=en`)).text()).toContain('<html lang="en" dir="ltr">')
  })

  it('says with a page that a notification is no longer in the record', async () => {
    const { origin } = await startListener()
    const response = await fetch(`${origin}/act/${tokenFor(createMemoryActing())}`)
    expect(response.status).toBe(410)
    expect(await response.text()).toContain('no longer in the record')
  })
})

describe('the page of an escalation', () => {
  const escalating = { possible: true, result: null, tiers: TIERS } as const

  it.each([
    [
      'en',
      'Who is called',
      ['The next tier, in 12 minutes: #cloudops-alerts, mention of سارة الحربي', 'Tier 1: #sre-alerts'],
      'Tier 3: #sre-alerts, #pmo, alert at oncall',
    ],
    [
      'ar',
      'من يُستدعى',
      ['المستوى التالي، خلال 12 دقيقة: #cloudops-alerts، إشارة إلى سارة الحربي', 'المستوى 1: #sre-alerts'],
      'المستوى 3: #sre-alerts، #pmo، تنبيه عبر oncall',
    ],
  ] as const)(
    'names tiers by what they do, and the channel as people know it, in %s',
    async (language, label, first, last) => {
      const { origin, service } = await startListener()
      service.page = escalating
      const page = await (await fetch(`${origin}/act/${tokenFor(service, 'escalate')}?lang=${language}`)).text()
      const choices = [...page.matchAll(/<input type="radio" name="tier" value="(\w+)"[^>]*><span>([^<]*)</g)].map(
        ([, value, text = '']) => [value, text.replaceAll(/[\u2068\u2069]/g, '')],
      )
      expect(choices).toEqual([
        ['next', first[0]],
        ['1', first[1]],
        ['3', last],
      ])
      expect(page).toContain(`<legend>${label}</legend>`)
      expect(page.match(/value="(\w+)"[^>]* checked/)?.[1]).toBe('next')
      expect(page).toContain('<bdi>#sre-alerts</bdi>')
    },
  )

  it('calls the tier that was chosen, and names none for the next one', async () => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service, 'escalate')}`
    for (const tier of ['next', '3', 'x']) {
      service.page = escalating
      await browser.post(url, filled(await browser.form(url), { ...SARA, reason: 'r', tier }))
    }
    expect(service.calls.map(({ request }) => request.tier)).toEqual([undefined, 3, 0])
  })

  it('asks for no tier where no policy is for the event', async () => {
    const { origin, service } = await startListener()
    const inputs = { reason: 'required', note: 'none', tier: 'none', quietFor: 'none' } as const
    service.page = { ...escalating, tiers: [], inputs }
    const page = await (await fetch(`${origin}/act/${tokenFor(service, 'escalate')}`)).text()
    expect(page).toContain('name="reason"')
    expect(page).not.toContain('name="tier"')
  })
})

describe('every answer', () => {
  it('can not be framed, cached, indexed or scripted, and sends no referrer to other sites', async () => {
    const { origin, service } = await startListener()
    for (const path of [`/act/${tokenFor(service)}`, '/act/x', '/v1/events', '/auth/callback']) {
      const { headers } = await fetch(origin + path)
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-security-policy':
          "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cache-control': 'no-store',
        'x-robots-tag': 'noindex, nofollow',
      })
    }
  })

  it('by https demands https for a year, and has cookies that only this host can set', async () => {
    const { origin, service } = await startListener({ publicUrl: () => 'https://actions.example.sa' })
    const { headers } = await fetch(`${origin}/act/${tokenFor(service)}`)
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
    expect(headers.get('set-cookie')).toMatch(/^__Host-teams_session=.*; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  })
})

describe('what is not a link, a sign-in or a file of the pages', () => {
  it.each([
    '/',
    '/v1/events',
    '/v1/notifications',
    '/v1/actions',
    '/metrics',
    '/healthz',
    '/readyz',
    '/openapi.json',
    '/sandbox',
    '/assets/',
    '/assets/../server.ts',
    '/assets/%2e%2e%2fserver.ts',
    '/assets/page.css/x',
    '/act',
    '/act/',
    '/auth/callback/x',
    '/V1/events',
    '//v1/events',
  ])('is 404 with a page: %s', async (path) => {
    const { server } = await startListener()
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
      const response = await server.app.inject({ method, url: path })
      expect(response.statusCode, method).toBe(404)
      expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
    }
  })

  it('is 404 for other methods of a link', async () => {
    const { server, service } = await startListener()
    for (const method of ['PUT', 'DELETE', 'PATCH'] as const) {
      const response = await server.app.inject({ method, url: `/act/${tokenFor(service)}` })
      expect(response.statusCode).toBe(404)
    }
    expect(service.calls).toEqual([])
  })
})

describe('a link that is not right', () => {
  it.each([
    ['link_forged', 404, (token: string) => token.slice(0, -2) + (token.endsWith('AA') ? 'BQ' : 'AA')],
    ['link_truncated', 404, (token: string) => token.slice(0, 40)],
    ['link_unsigned', 404, (token: string) => token.slice(0, 32) + '~'.repeat(22)],
    [
      'link_key_retired',
      410,
      (token: string) => signToken(token, linkKeyOf(new Secret('another-secret-0123456789abcdef-1'))),
    ],
    ['link_forged', 404, () => '%0d%0aSet-Cookie:x=1'],
    ['link_forged', 404, () => 'A'.repeat(54)],
  ] as const)('is refused as %s, recorded, and does nothing', async (code, status, change) => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const form = await browser.form(`/act/${tokenFor(service)}`)
    const path = `/act/${change(tokenFor(service))}`
    for (const response of [await browser.get(path), await browser.post(path, filled(form, SARA))]) {
      expect(response.status).toBe(status)
      expect(response.headers.get('x')).toBeNull()
      expect(await response.text()).toContain(`<code dir="ltr">${code}</code>`)
    }
    expect(service.calls).toEqual([])
    expect(service.refusals.at(-1)).toEqual({ code, notificationId: null, action: null, actor: null, count: 1 })
  })

  it('is refused once it has expired, and the entry says what it was for', async () => {
    const { origin, service } = await startListener()
    const response = await createBrowser(origin).get(`/act/${tokenFor(service, 'discard', -1000)}`)
    expect(response.status).toBe(410)
    expect(service.refusals).toEqual([
      { code: 'link_expired', notificationId: service.notification.id, action: 'discard', actor: null, count: 1 },
    ])
  })

  it('of a guessed id is refused: only the gateway can sign it', async () => {
    const { origin, service } = await startListener()
    const guessed = unsignedToken({ notificationId: newId(), action: 'acknowledge', expiresAt: new Date(2e12) })
    const guesses = [...'ABCDEFGHIJ'].map((c) => `${guessed.slice(0, 32) + c.repeat(21)}A`)
    for (const guess of guesses) expect((await fetch(`${origin}/act/${guess}`)).status).toBeGreaterThanOrEqual(404)
    expect(service.calls).toEqual([])
  })

  it('fills neither the audit trail nor the log when it comes a thousand times, and is recorded with its number', async () => {
    const metrics = createMetrics()
    const { server, service, lines } = await startListener({ ...IN_ONE_MINUTE, metrics })
    for (let i = 0; i < 1_000; i += 1) await server.app.inject({ method: 'GET', url: `/act/guess-${i}` })
    expect(service.refusals.length).toBeLessThanOrEqual(4)
    expect(lines.filter((line) => line.includes('"link_refused"')).length).toBeLessThanOrEqual(4)
    expect(lines.join('')).not.toContain('guess-')
    // Before it ends, the listener records how many more there were.
    await server.stop()
    expect(service.refusals.length).toBeLessThanOrEqual(6)
    expect(service.refusals.reduce((sum, { count }) => sum + count, 0)).toBe(1_000)
    expect((await metrics.expose()).body).toContain('teams_link_refusals_total{code="link_truncated"} 1000')
  })
})

describe('POST', () => {
  it('acts once; the same form again shows the first result', async () => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const form = filled(await browser.form(url), { ...SARA, note: 'on my way' })
    const texts: string[] = []
    for (let i = 0; i < 3; i += 1) {
      const response = await browser.post(url, form)
      expect(response.status).toBe(200)
      texts.push(await response.text())
    }
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).toContain('Sara Al-Harbi')
    expect(service.done).toHaveLength(1)
    expect(service.calls[0]?.request).toMatchObject({ action: 'acknowledge', note: 'on my way' })
    expect(service.calls[0]?.actor).toEqual({
      via: 'typed',
      id: null,
      name: 'Sara Al-Harbi',
      verified: false,
      roles: [],
      relayedBy: null,
    })
  })

  it('tells the second person who did it already', async () => {
    const { origin, service } = await startListener()
    const url = `/act/${tokenFor(service)}`
    const [first, second] = [createBrowser(origin), createBrowser(origin)]
    const forms = [await first.form(url), await second.form(url)] as const
    await first.post(url, filled(forms[0], SARA))
    const response = await second.post(url, filled(forms[1], { name: 'Omar' }))
    expect(response.status).toBe(403)
    const page = await response.text()
    expect(page).toContain('already_acknowledged')
    expect(page).toContain('Sara Al-Harbi')
  })

  it('does one action for 1,000 clicks at once', async () => {
    const { server, service } = await startListener()
    const token = tokenFor(service)
    const url = `/act/${token}`
    const origin = (await server.app.inject({ method: 'GET', url })) && server.app.listeningOrigin
    const browser = createBrowser(origin)
    const form = filled(await browser.form(url), SARA)
    const [[name = '', value = ''] = []] = [...browser.jar]
    const clicks = await Promise.all(
      Array.from({ length: 1_000 }, () =>
        server.app.inject({
          method: 'POST',
          url,
          payload: form.toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin, cookie: `${name}=${value}` },
        }),
      ),
    )
    expect(service.done).toHaveLength(1)
    for (const { statusCode } of clicks) expect([200, 429, 503]).toContain(statusCode)
  })

  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a subdomain', { origin: 'http://x.127.0.0.1' }],
  ])('from %s is refused', async (_, headers) => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const response = await browser.post(url, filled(await browser.form(url), SARA), headers)
    expect(response.status).toBe(403)
    expect(service.calls).toEqual([])
    expect(service.refusals).toMatchObject([{ code: 'cross_site', notificationId: service.notification.id }])
  })

  it('without an Origin is refused', async () => {
    const { server, service } = await startListener()
    const response = await server.app.inject({
      method: 'POST',
      url: `/act/${tokenFor(service)}`,
      payload: 'do=act',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(response.statusCode).toBe(403)
    expect(response.body).toContain('cross_site')
  })

  it.each([
    ['of another session', async (url: string, origin: string) => createBrowser(origin).form(url)],
    ['without a proof', async () => new URLSearchParams({ action_id: newId() })],
    [
      'with another action id',
      async (_url: string, _origin: string, own: URLSearchParams) =>
        new URLSearchParams({ proof: own.get('proof') ?? '', action_id: newId() }),
    ],
  ])('of a form %s is refused', async (_, formOf) => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const form = await formOf(url, origin, await browser.form(url))
    const response = await browser.post(url, filled(form, SARA))
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('form_forged')
    expect(service.calls).toEqual([])
    expect(service.refusals.at(-1)?.code).toBe('form_forged')
  })

  it('of the form of another link, action or notification is refused', async () => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const form = await browser.form(`/act/${tokenFor(service)}`)
    const response = await browser.post(`/act/${tokenFor(service, 'discard')}`, filled(form, { reason: 'x' }))
    expect(await response.text()).toContain('form_forged')
    expect(service.calls).toEqual([])
  })

  it('of a form that is older than an hour is refused', async () => {
    let ahead = 0
    const { origin, service } = await startListener({ now: () => new Date(Date.now() + ahead) })
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const form = await browser.form(url)
    ahead = 3_700_000
    expect(await (await browser.post(url, filled(form, SARA))).text()).toContain('form_expired')
    expect(service.calls).toEqual([])
  })

  it('of more than a form is refused', async () => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const form = await browser.form(url)
    const large = await browser.post(url, filled(form, { ...SARA, note: 'x'.repeat(20_000) }))
    expect(large.status).toBe(413)
    const json = await fetch(origin + url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: '{"do":"act"}',
    })
    expect(json.status).toBe(415)
    expect(service.calls).toEqual([])
  })

  it('is limited for one person', async () => {
    const { origin, service } = await startListener(IN_ONE_MINUTE)
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const form = filled(await browser.form(url), SARA)
    const statuses: number[] = []
    for (let i = 0; i < 25; i += 1) statuses.push((await browser.post(url, form)).status)
    expect(statuses).toEqual([...Array(20).fill(200), ...Array(5).fill(429)])
    expect(service.calls).toHaveLength(20)
  })
})

describe('a typed name', () => {
  it.each([
    ['nothing', ''],
    ['one letter', 'S'],
    ['a mark of direction', 'Sara \u202Eazan'],
    ['an isolate', '\u2066Sara\u2069'],
    ['a joiner', 'Sa\u200Dra'],
    ['a filler', 'Sara\u3164'],
    ['a variation selector', 'Sara\uFE0F'],
    ['a character of private use', 'Sara\uE000'],
    ['a line', 'Sara\nAdmin'],
    ['digits alone', '12345'],
    ['more than 80 letters', 'x'.repeat(81)],
    ['a control', 'Sara\u0007x'],
  ])('with %s is refused, recorded, and can be corrected', async (_, name) => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const response = await browser.post(url, filled(await browser.form(url), { name }))
    expect(response.status).toBe(422)
    expect(await response.text()).toContain('aria-invalid="true"')
    expect(service.calls).toEqual([])
    expect(service.refusals).toMatchObject([{ code: 'name_invalid' }])
  })

  it.each(['Sara Al-Harbi', 'سارة الحربي', "O'Neill, J.", 'José'])('may be %s', async (name) => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    expect((await browser.post(url, filled(await browser.form(url), { name }))).status).toBe(200)
    expect(service.calls[0]?.actor.name).toBe(name)
  })

  it('is escaped wherever it is shown', async () => {
    const { origin, service } = await startListener()
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const name = '<img src=x onerror=alert(1)>"&'
    const page = await (await browser.post(url, filled(await browser.form(url), { name }))).text()
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&amp;')
    expect(page).not.toContain('<img')
  })

  it('is good for acknowledging only', async () => {
    const { origin, service } = await startListener()
    const page = await (await createBrowser(origin).get(`/act/${tokenFor(service, 'discard')}`)).text()
    expect(page).toContain('not_verified')
    expect(page).not.toContain('<form')
  })

  it('is not taken where typed names are off', async () => {
    const { origin, service } = await startListener({ typedNames: false })
    const response = await createBrowser(origin).get(`/act/${tokenFor(service)}`)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('typed_names_off')
  })
})

describe('the key of links', () => {
  it('may be changed: links of the previous one still work, and sessions and forms begin again', async () => {
    const next = linkKeyOf(new Secret('the-next-secret-of-links-0123456789'))
    let keys: ReturnType<LinkKeys> = [KEY]
    const { origin, service } = await startListener({ keys: () => keys })
    const browser = createBrowser(origin)
    const url = `/act/${tokenFor(service)}`
    const form = await browser.form(url)
    keys = [next, KEY]
    expect(await (await browser.post(url, filled(form, SARA))).text()).toContain('form_forged')
    expect((await browser.post(url, filled(await browser.form(url), SARA))).status).toBe(200)
    keys = [next]
    expect(await (await browser.get(url)).text()).toContain('link_key_retired')
  })
})
