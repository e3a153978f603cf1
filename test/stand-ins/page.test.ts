import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSandboxServer, type SandboxServer } from '../../src/stand-ins/teams/test-server.ts'

let server: SandboxServer
let profile: string
let browser: BrowserContext
let page: Page
/** Errors of the page: script errors, and violations of its Content-Security-Policy. */
let complaints: string[]

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'sandbox-page-'))
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    locale: 'en-GB',
  })
}, 60_000)
afterAll(async () => {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
})

beforeEach(async () => {
  server = await createSandboxServer()
  page = await browser.newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  await page.goto(`${server.origin}/sandbox`)
  await page.waitForSelector('.live-on')
}, 30_000)
afterEach(async () => {
  await page.close()
  await server.close()
})

async function post(channel: string, content: object, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(server.addresses.get(channel) ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
    }),
  })
  return answer.status
}

const textCard = (text: string, more: object = {}) => ({
  type: 'AdaptiveCard',
  version: '1.5',
  body: [{ type: 'TextBlock', text, wrap: true }],
  ...more,
})

describe('the page', () => {
  it('shows instructions first, then cards as they arrive, newest on top', async () => {
    expect(await page.locator('#hero').isVisible()).toBe(true)
    await post('sre', textCard('first **card**'), { 'x-correlation-id': 'vault-seal-abc123' })
    await page.waitForSelector('#channel-sre .post strong')
    await post('sre', textCard('second card'))
    await page.waitForSelector('#channel-sre .post >> nth=1')
    expect(await page.locator('#hero').isVisible()).toBe(false)
    expect(await page.locator('#channel-sre .post .card').allInnerTexts()).toEqual(['second card', 'first card'])
    expect(await page.locator('#channel-sre .count').textContent()).toBe('2 messages')
    expect(await page.locator('#channel-sre .meta').last().textContent()).toMatch(/^\d+ of 28,672 bytes/)
    expect(await page.locator('#channel-sre .meta-id').textContent()).toBe('vault-seal-abc123')
    await page.locator('#channel-sre .raw-summary').first().click()
    expect(await page.locator('#channel-sre pre').first().textContent()).toContain('"text": "second card"')
    expect(complaints).toEqual([])
  })

  it('lists channels with cards first, in order of their first card, and by the newest card after a reload', async () => {
    const order = async () => {
      const columns = await page
        .locator('.channel')
        .evaluateAll((all) => all.map(({ id }) => id.replace('channel-', '')))
      const tabs = await page.locator('.tab-name').allInnerTexts()
      expect(tabs).toHaveLength(columns.length)
      return columns
    }
    const [first = '', ...others] = await order()
    await post('pmo', textCard('one'))
    await page.waitForSelector('#channel-pmo .post')
    expect((await order()).slice(0, 2)).toEqual(['pmo', first])
    await post('sre', textCard('two'))
    await page.waitForSelector('#channel-sre .post')
    expect((await order()).slice(0, 3)).toEqual(['pmo', 'sre', first])
    await page.reload()
    await page.waitForSelector('#channel-pmo .post')
    const empty = [first, ...others].filter((key) => key !== 'pmo' && key !== 'sre')
    expect(await order()).toEqual(['sre', 'pmo', ...empty])
    expect(await page.locator('.tab-name').first().textContent()).toContain('sre')
    expect(complaints).toEqual([])
  })

  it('shows messages from before it was opened, and from a lost connection', async () => {
    await post('pmo', textCard('before'))
    await page.reload()
    await page.waitForSelector('#channel-pmo .post')
    const { sandbox, origin } = server
    await server.close()
    await page.waitForSelector('.live:not(.live-on)')
    sandbox.receive('pmo', {
      query: new URL(server.addresses.get('pmo') ?? '').search,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ attachments: [{ content: textCard('meanwhile') }] })),
    })
    server = await createSandboxServer({ sandbox, port: Number(new URL(origin).port) })
    await page.waitForSelector('#channel-pmo .post >> nth=1')
    expect(await page.locator('#channel-pmo .card').allTextContents()).toEqual(['meanwhile', 'before'])
  })

  it('shows failed runs, attempts and repeats', async () => {
    await post('sre', textCard('again'), { 'webhook-id': 'n1' })
    await post('sre', textCard('again'), { 'webhook-id': 'n1', 'x-claimlinc-attempt': '2' })
    await post('sre', { type: 'MessageCard' })
    await page.waitForSelector('#channel-sre .post-failed')
    expect(await page.locator('#channel-sre .post-failed').textContent()).toContain('InvalidBotAdaptiveCard')
    expect(await page.locator('#channel-sre .post-failed .card').count()).toBe(0)
    expect(await page.locator('#channel-sre .post:nth-child(2) .tag').allInnerTexts()).toEqual(['Attempt 2', 'Repeat'])
    expect(await page.locator('#channel-sre .post:nth-child(3) .tag').count()).toBe(0)
  })

  it('sets and clears faults', async () => {
    const menu = page.locator('#channel-sre .menu')
    await menu.locator('summary').click()
    await menu.getByText('500', { exact: true }).click()
    await page.waitForSelector('#channel-sre .notice-warning')
    expect(await post('sre', textCard('no'))).toBe(500)
    await page.getByText('1 post refused').waitFor()
    await menu.getByText('Clear', { exact: true }).click()
    await page.waitForSelector('#channel-sre .notice-warning', { state: 'detached' })
    expect(await post('sre', textCard('yes'))).toBe(202)
    await page.waitForSelector('#channel-sre .post')
    await menu.getByText('Remove messages').click()
    await page.waitForSelector('#channel-sre .post', { state: 'detached' })
    expect(server.sandbox.messages('sre')).toEqual([])
  })

  it('removes the notice of a timed fault when it ends, also of one set before the page was opened', async () => {
    server.sandbox.setFaults('sre', { status: 500, for_seconds: 60 })
    await page.clock.install()
    await page.reload()
    await page.waitForSelector('#channel-sre .notice-warning')
    server.sandbox.setFaults('pmo', { status: 500, for_seconds: 120 })
    await page.waitForSelector('#channel-pmo .notice-warning')
    await page.clock.runFor(61_000)
    await page.waitForSelector('#channel-sre .notice-warning', { state: 'detached', timeout: 5_000 })
    expect(await page.locator('#channel-pmo .notice-warning').count()).toBe(1)
    await page.clock.runFor(60_000)
    await page.waitForSelector('#channel-pmo .notice-warning', { state: 'detached', timeout: 5_000 })
  })

  it('speaks Arabic from right to left, while each card keeps its own direction', async () => {
    await post('sre', textCard('English card'))
    await post('sre', textCard('بطاقة عربية', { rtl: true, lang: 'ar' }))
    await page.waitForSelector('#channel-sre .post >> nth=1')
    await page.click('#language')
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
    expect(await page.locator('html').getAttribute('lang')).toBe('ar')
    expect(await page.locator('h1').textContent()).toBe('Teams التجريبي')
    const directions = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#channel-sre .ac-adaptiveCard')].map((card) => getComputedStyle(card).direction)`,
    )
    expect(directions).toEqual(['rtl', 'ltr'])
    await page.click('#language')
    expect(await page.locator('html').getAttribute('dir')).toBe('ltr')
  })

  it("writes dates in each card's language", async () => {
    const text = '{{DATE(2026-11-21T10:00:00Z,LONG)}}'
    for (let n = 0; n < 3; n++) await post('sre', textCard(text, { lang: 'ar' }))
    await post('sre', textCard(text, { lang: 'en' }))
    await page.waitForSelector('#channel-sre .post >> nth=3')
    const dates = await page.locator('#channel-sre .ac-textBlock').allTextContents()
    expect(dates[0]).toContain('November')
    expect(dates.slice(1).map((date) => date.includes('نوفمبر'))).toEqual([true, true, true])
  })

  it('follows prefers-color-scheme, unless a theme is chosen', async () => {
    await post('sre', textCard('card'))
    await page.waitForSelector('#channel-sre .ac-adaptiveCard')
    const background = () =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('#channel-sre .ac-adaptiveCard')).backgroundColor`)
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForSelector('html[data-theme="dark"]')
    expect(await background()).toBe('rgb(41, 41, 41)')
    await page.selectOption('#theme', 'light')
    expect(await background()).toBe('rgb(255, 255, 255)')
    await page.selectOption('#theme', 'system')
  })

  it('shows one channel at a time on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.locator('.tab', { hasText: '#pmo-updates' }).click()
    const shown = await page.locator('.channel:visible h2').allInnerTexts()
    expect(shown).toEqual(['#pmo-updates'])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  })
})

describe('a card on the page', () => {
  it('runs no script and creates no element from its texts', async () => {
    const attack = '<img src=x onerror="alert(1)"><script>alert(2)</script><svg onload=alert(3)>"><b>bold</b>'
    await post(
      'sre',
      {
        ...textCard(attack),
        body: [
          { type: 'TextBlock', text: attack, wrap: true },
          { type: 'TextBlock', text: `[click](javascript:alert(4)) **${attack}**`, wrap: true },
          { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: attack }] },
          { type: 'FactSet', facts: [{ title: attack, value: attack }] },
          { type: 'Image', url: 'javascript:alert(5)', altText: attack },
        ],
        fallbackText: attack,
        lang: '"><img src=x onerror=alert(6)>',
        msteams: { entities: [{ type: 'mention', text: `<at>${attack}</at>`, mentioned: { id: 'x', name: attack } }] },
        actions: [{ type: 'Action.OpenUrl', title: attack, url: 'javascript:alert(7)' }],
      },
      { 'x-correlation-id': attack, 'webhook-id': attack },
    )
    await post('sre', { type: attack })
    await page.waitForSelector('#channel-sre .post-failed')
    await page.locator('#channel-sre .raw-summary').first().click()
    await page.locator('#channel-sre .raw-summary').last().click()
    const pages = browser.pages().length
    await page.locator('#channel-sre .ac-pushButton').click()
    expect(await page.locator('#channel-sre').locator('script, svg, b, [onerror], [onload]').count()).toBe(0)
    expect(await page.locator('#channel-sre .ac-textBlock').first().textContent()).toBe(attack)
    expect(browser.pages().length).toBe(pages)
    expect(complaints.filter((complaint) => complaint.startsWith('dialog'))).toEqual([])
  })

  it('loads nothing from other hosts', async () => {
    const loaded: string[] = []
    page.on('requestfinished', (request) => loaded.push(request.url()))
    const refused = page.waitForEvent('requestfailed')
    await post('sre', textCard('text', { body: [{ type: 'Image', url: 'https://tracker.example/pixel.png' }] }))
    expect([(await refused).url(), (await refused).failure()?.errorText]).toEqual([
      'https://tracker.example/pixel.png',
      'csp',
    ])
    expect(complaints.join()).toContain('Content Security Policy')
    expect(loaded.filter((url) => !url.startsWith(server.origin))).toEqual([])
  })

  it('opens links in a new tab that can not reach back', async () => {
    await post(
      'sre',
      textCard('text', {
        actions: [{ type: 'Action.OpenUrl', title: 'Open', url: `${server.origin}/sandbox/page/icon.svg` }],
      }),
    )
    const [opened] = await Promise.all([browser.waitForEvent('page'), page.getByText('Open', { exact: true }).click()])
    await opened.waitForLoadState()
    expect(opened.url()).toBe(`${server.origin}/sandbox/page/icon.svg`)
    expect(await opened.evaluate('opener')).toBeNull()
    await opened.close()
  })

  it('shows that an action needs a bot', async () => {
    await post('sre', textCard('text', { actions: [{ type: 'Action.Execute', title: 'Acknowledge', verb: 'ack' }] }))
    await page.getByText('Acknowledge').click()
    expect(await page.locator('#channel-sre [role=alert]').textContent()).toContain('Action.Execute can not work here')
  })

  it('is shown as its fallback text when its version is too new for Teams', async () => {
    await post('sre', textCard('new', { version: '1.6', fallbackText: 'Please update.' }))
    await page.waitForSelector('#channel-sre .card')
    expect(await page.locator('#channel-sre .card').textContent()).toBe('Please update.')
  })

  it('highlights only the people whom it names', async () => {
    const entities = [
      { type: 'mention', text: '<at>Huda Al-Qahtani</at>', mentioned: { id: 'huda@x.example', name: 'Huda' } },
    ]
    await post('sre', textCard('<at>Huda Al-Qahtani</at> and <at>Someone</at>', { msteams: { entities } }))
    await page.waitForSelector('#channel-sre .mention')
    expect(await page.locator('#channel-sre .mention').allInnerTexts()).toEqual(['Huda Al-Qahtani'])
    expect(await page.locator('#channel-sre .card').textContent()).toBe('Huda Al-Qahtani and <at>Someone</at>')
  })
})
