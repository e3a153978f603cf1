import { describe, expect, it } from 'vitest'
import type { ActionName } from '../../src/contract/actions.ts'
import { axeProblems, openBrowser } from './chromium.ts'
import { startListener, tokenFor } from './listener.ts'
import { createMemoryActing, type MemoryActing, TIERS } from './memory-acting.ts'

const ALL_INPUTS = { reason: 'required', note: 'optional', tier: 'optional', quietFor: 'optional' } as const

describe('the pages', () => {
  it.each([
    ['en', 'light', 'desktop'],
    ['ar', 'dark', 'phone'],
    ['ar', 'light', 'desktop'],
    ['en', 'dark', 'phone'],
  ] as const)(
    'in %s, %s, on a %s: axe finds nothing, and nothing is wider than the screen',
    async (language, colorScheme, device) => {
      const browser = await openBrowser({ colorScheme, device })
      const page = await browser.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
      })
      async function look(action: ActionName, change: (service: MemoryActing) => void, go?: () => Promise<void>) {
        const service = createMemoryActing({ language, correlationId: `corr-${'x'.repeat(90)}` })
        change(service)
        const { origin } = await startListener({ service })
        await page.goto(`${origin}/act/${tokenFor(service, action)}`)
        await go?.()
        expect(await axeProblems(page)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
        expect(await page.evaluate('document.documentElement.dir')).toBe(language === 'ar' ? 'rtl' : 'ltr')
      }
      await look('acknowledge', (service) => {
        service.page = { inputs: ALL_INPUTS, events: 3, tiers: TIERS }
      })
      // Who is called can be read before anything is opened.
      const seen = await page.$$eval(
        '.choice',
        (choices) =>
          choices.filter((choice) => choice.scrollWidth <= choice.clientWidth && choice.checkVisibility()).length,
      )
      expect(seen).toBe(TIERS.length)
      await look(
        'acknowledge',
        () => {},
        async () => {
          await page.click('button.primary')
          await page.waitForSelector('[role=alert]')
        },
      )
      await look(
        'acknowledge',
        () => {},
        async () => {
          await page.fill('#name', 'Sara Al-Harbi')
          await page.click('button.primary')
          await page.waitForSelector('.message.done')
        },
      )
      await look('discard', () => {})
      await page.goto(`${new URL(page.url()).origin}/act/${'A'.repeat(54)}`)
      expect(await axeProblems(page)).toEqual([])
      expect(complaints).toEqual([])
    },
  )

  it('work with the keyboard alone, and lead from a problem to its input', async () => {
    const { origin, service } = await startListener()
    const page = await (await openBrowser()).newPage()
    await page.goto(`${origin}/act/${tokenFor(service)}`)
    const focused = () => page.evaluate<string>('document.activeElement.id || document.activeElement.className')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('language')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('name')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=alert] a')
    await page.focus('[role=alert] a')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused()).not.toBe('language')
    await page.focus('#name')
    await page.keyboard.type('Sara Al-Harbi')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.message.done')
    expect(service.done).toHaveLength(1)
  })

  it('can not be framed by another site', async () => {
    const { origin, service } = await startListener()
    const page = await (await openBrowser()).newPage()
    const url = `${origin.replace('127.0.0.1', 'localhost')}/act/${tokenFor(service)}`
    const failed = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
    await page.setContent(`<iframe src="${url}"></iframe>`)
    expect((await failed).text()).toContain("'none'")
  })

  it('can not be posted to by another site, with the cookies of the person or without', async () => {
    const { origin, service } = await startListener()
    const browser = await openBrowser()
    const page = await browser.newPage()
    const url = `${origin}/act/${tokenFor(service)}`
    await page.goto(url)
    const fields = await page.$$eval('input[type=hidden]', (inputs) =>
      inputs.map((input) => [input.getAttribute('name'), input.getAttribute('value')]),
    )
    const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join('')
    await page.route('http://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${url}">${inputs}<input name="name" value="Mallory"><button name="do" value="act">win</button></form>`,
      }),
    )
    await page.goto('http://evil.example/')
    await page.click('button')
    await page.waitForSelector('.message.problem')
    expect(await page.textContent('.code code')).toBe('cross_site')
    expect(service.calls).toEqual([])
  })
})
