import { Writable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import { linkBase, linkKeyOf, signToken, unsignedToken } from '../../src/contract/link-token.ts'
import type { GatewayOptions } from '../../src/gateway/options.ts'
import { createLog } from '../../src/kernel/log.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { type EntraStandIn, startEntraStandIn } from '../../src/stand-ins/entra.ts'
import { QUICK, serveQuick } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'
import { axeProblems, openBrowser } from './chromium.ts'

const TENANT = '0d5a6f0c-0000-4000-8000-000000000001'
const ON_CALL = '22222222-0000-4000-8000-000000000001'
const SARA = { id: '11111111-0000-4000-8000-000000000001', name: 'سارة الحربي', username: 'sara@hospital.example' }
const SECRET = { TEAMS_PUBLIC_PORT: 0, TEAMS_LINK_SECRETS: 'the-secret-of-links-of-the-test-01' }

async function startEntra(redirectUris: () => readonly string[]): Promise<EntraStandIn> {
  const entra = await startEntraStandIn({
    tenantId: TENANT,
    clientId: 'pages',
    clientSecret: 'secret-of-the-pages',
    scope: 'https://graph.microsoft.com/.default',
    signIn: { redirectUris, users: [{ ...SARA, groups: [ON_CALL] }] },
  })
  onTestFinished(() => entra.close())
  return entra
}

/** A gateway whose people sign in against the stand-in for Entra. */
async function gatewayWithSignIn(settings: GatewayOptions['settings'] = {}) {
  let gateway: ServedGateway | undefined
  const entra = await startEntra(() => [`${gateway?.wired.links.publicUrl()}/auth/callback`])
  gateway = await serveQuick(await startedStore('postgres'), {
    ...SECRET,
    TEAMS_SIGN_IN_AUTHORITY: entra.authority,
    TEAMS_SIGN_IN_CLIENT_ID: 'pages',
    TEAMS_SIGN_IN_CLIENT_SECRET: 'secret-of-the-pages',
    TEAMS_SIGN_IN_TENANTS: TENANT,
    ...settings,
  })
  return gateway
}

/** Sends a CRITICAL event to one channel; returns its notification and the card as it was posted. */
async function sendCard({ service, wired }: ServedGateway, language: 'en' | 'ar') {
  const event = { eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'], language }
  const [acceptance] = await service.accept([event], 'test')
  const [message] = (await wired.sandbox?.model.waitFor('sre', 1)) ?? []
  const notificationId = acceptance?.notifications[0]?.id ?? ''
  const posted = JSON.stringify(message?.card)
  await expect.poll(async () => (await service.getNotificationViews([notificationId]))[0]?.state).toBe('accepted')
  return { notificationId, posted, links: [...posted.matchAll(/https?:[^"]+\/act\/[^"]+/g)].map(([url]) => url) }
}

describe('a person', () => {
  it.each([
    ['en', 'desktop', 'Acknowledge'],
    ['ar', 'phone', 'تأكيد الاستلام'],
  ] as const)(
    'in %s on a %s clicks the card of the sandbox, signs in, and row and follow-up card have the name',
    async (language, device, button) => {
      const gateway = await gatewayWithSignIn()
      const { notificationId } = await sendCard(gateway, language)
      const browser = await openBrowser({ device })
      const sandbox = await browser.newPage()
      await sandbox.goto(`${gateway.origin}/sandbox`)
      const opened = browser.waitForEvent('page')
      await sandbox
        .getByRole('button', { name: button })
        .or(sandbox.getByRole('link', { name: button }))
        .first()
        .click()
      const page = await opened
      await page.waitForSelector('a.button')
      expect(await axeProblems(page)).toEqual([])
      await page.click('a.button')
      await page.getByText(SARA.name).click()
      await page.waitForSelector('button.primary')
      expect(await axeProblems(page)).toEqual([])
      await page.click('button.primary')
      await page.waitForSelector('.message.done')
      expect(await axeProblems(page)).toEqual([])
      const row = await gateway.service.getNotification(notificationId, 'test')
      expect(row).toMatchObject({ acknowledgedBy: SARA.name, actionTaken: 'acknowledge' })
      const { actions } = await gateway.service.listActions({ limit: 10 })
      const messages = (await gateway.wired.sandbox?.model.waitFor('sre', 2)) ?? []
      expect(JSON.stringify(messages[1]?.card)).toContain(SARA.name)
      expect(actions).toMatchObject([
        { action: 'acknowledge', state: 'done', via: 'entra', verified: true, by: SARA.name },
      ])
    },
  )

  it.each(['en', 'ar'] as const)(
    'without scripts, in %s, acts, and is told at the second click who did it',
    async (language) => {
      const gateway = await gatewayWithSignIn()
      const { notificationId, links } = await sendCard(gateway, language)
      const page = await (await openBrowser({ javaScriptEnabled: false, device: 'phone' })).newPage()
      await page.goto(links[0] ?? '')
      await page.click('a.button')
      await page.getByText(SARA.name).click()
      await page.fill('#note', 'on my way')
      await page.click('button.primary')
      await page.waitForSelector('.message.done')
      await page.click('.message a')
      expect(await page.textContent('.message')).toContain(language === 'ar' ? 'من قبل' : 'already')
      const { actionTaken } = await gateway.service.getNotification(notificationId, 'test')
      expect(actionTaken).toBe('acknowledge')
    },
  )

  it('acts with a typed name where nobody can sign in, recorded as not verified', async () => {
    const gateway = await serveQuick(await startedStore('postgres'), SECRET)
    const { notificationId, links } = await sendCard(gateway, 'en')
    const page = await (await openBrowser()).newPage()
    await page.goto(links[0] ?? '')
    await page.fill('#name', 'Sara Al-Harbi')
    await page.click('button.primary')
    await page.waitForSelector('.message.done')
    const { acknowledgedBy } = await gateway.service.getNotification(notificationId, 'test')
    expect(acknowledgedBy).toContain('Sara Al-Harbi')
    const { actions } = await gateway.service.listActions({ limit: 10 })
    expect(actions).toMatchObject([{ via: 'typed', verified: false }])
  })
})

describe('a working link', () => {
  it('is in the posted card only: not in the record, the API, the audit trail or the log', async () => {
    const lines: string[] = []
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const settings = { ...QUICK, ...(await startedStore('postgres')), ...SECRET }
    const gateway = await serveGateway({ env: {}, settings, log: createLog('debug', destination) })
    onTestFinished(() => gateway.stop())
    const { notificationId, posted, links } = await sendCard(gateway, 'en')
    expect(links).toHaveLength(2)
    const signatures = links.map((url) => url.slice(-22))
    const detail = await (await fetch(`${gateway.origin}/v1/notifications/${notificationId}`)).text()
    expect(detail).toContain('~'.repeat(22))
    const entries = await (await fetch(`${gateway.origin}/v1/audit/entries`)).text()
    for (const signature of signatures)
      for (const text of [detail, entries, lines.join('')]) expect(text).not.toContain(signature)
    // The stored card is as long as the posted one.
    const { card } = await gateway.service.getNotification(notificationId, 'test')
    expect(JSON.stringify(card)).toHaveLength(posted.length)
    const stored = [...JSON.stringify(card).matchAll(/https?:[^"]+\/act\/[^"]+/g)].map(([url]) => url)
    const response = await fetch(stored[0] ?? '')
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('link_unsigned')
  })

  it('is not in the card that a relay gets for its message, which says who did what, also to the second', async () => {
    const token = 'token-of-the-relay-0123456789'
    const gateway = await serveQuick(await startedStore('postgres'), {
      ...SECRET,
      TEAMS_API_TOKENS: `flow:act:${token}`,
    })
    const { notificationId, links } = await sendCard(gateway, 'en')
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const click = async (body: object): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${gateway.origin}/v1/actions`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      return JSON.parse(await answer.text())
    }
    const own = {
      action: 'acknowledge',
      notification_id: notificationId,
      actor: { id: 'sara@x.example', name: 'Sara' },
    }
    const first = await click(own)
    const platform = { action: 'acknowledge', correlation_id: first.correlation_id, user_email: 'omar@x.example' }
    const second = await click(platform)
    expect([first.state, second.success, second.error]).toEqual(['done', false, 'already_acknowledged'])
    for (const card of [first.card, second.updated_card]) {
      const text = JSON.stringify(card)
      expect(card).toMatchObject({ type: 'AdaptiveCard', version: '1.5' })
      expect(text).toContain('"Acknowledged"')
      expect(text).toContain(' - Sara - ')
      expect(text).toContain('vault-1')
      expect(text).not.toContain('/act/')
      for (const link of links) expect(text).not.toContain(link.slice(-22))
    }
    const { card } = await gateway.service.getNotification(notificationId, 'test')
    expect(JSON.stringify(card)).toContain('/act/')
  })

  it('of a refused try is an entry of the audit trail', async () => {
    const gateway = await serveQuick(await startedStore('postgres'), SECRET)
    const { notificationId, links } = await sendCard(gateway, 'en')
    await fetch(`${links[0]?.slice(0, -22)}${'A'.repeat(22)}`)
    await fetch(links[0] ?? '', { method: 'POST', headers: { origin: 'https://evil.example' } })
    const { entries } = await gateway.service.listAuditEntries({
      limit: 10,
      raw: false,
      unsealed: true,
      kind: 'link.refused',
    })
    expect(entries.map(({ entry }) => entry)).toMatchObject([
      { refusal: 'link_forged', notification: null, for: null, via: 'unauthenticated', who: null },
      { refusal: 'cross_site', notification: notificationId, for: 'acknowledge' },
    ])
  })

  it('works after a restart and a rotation of the secret of links', async () => {
    const store = await startedStore('postgres')
    const before = await serveQuick(store, SECRET)
    const { links } = await sendCard(before, 'en')
    const path = new URL(links[0] ?? '').pathname
    await before.stop()
    const after = await serveQuick(store, {
      ...SECRET,
      TEAMS_LINK_SECRETS: `the-next-secret-of-links-of-the-test,${SECRET.TEAMS_LINK_SECRETS}`,
    })
    expect((await fetch(after.wired.links.publicUrl() + path)).status).toBe(200)
  })

  it('of a sandbox without a secret of links works with one that was made up, not with that of posts', async () => {
    const signing = 'the-signing-secret-of-posts-0123456'
    const settings = { TEAMS_PUBLIC_PORT: 0, TEAMS_HMAC_SECRET_KEY: signing }
    const gateway = await serveQuick(await startedStore('postgres'), settings)
    const { notificationId, links } = await sendCard(gateway, 'en')
    expect((await fetch(links[0] ?? '')).status).toBe(200)
    const expiresAt = new Date(Date.now() + 60_000)
    const forged = signToken(
      unsignedToken({ notificationId, action: 'acknowledge', expiresAt }),
      linkKeyOf(new Secret(signing)),
    )
    expect((await fetch(linkBase(gateway.wired.links.publicUrl() ?? '') + forged)).ok).toBe(false)
  })
})

describe('the public listener of a gateway', () => {
  it('serves neither the API nor metrics nor the sandbox', async () => {
    const gateway = await serveQuick(await startedStore('postgres'), SECRET)
    for (const path of ['/v1/notifications', '/v1/actions', '/metrics', '/sandbox', '/healthz', '/openapi.json', '/']) {
      expect((await fetch(gateway.origin + path)).status, path).toBe(200)
      expect((await fetch(gateway.wired.links.publicUrl() + path)).status, path).toBe(404)
    }
  })
})
