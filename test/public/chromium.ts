import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, onTestFinished } from 'vitest'
import { CHROMIUM_FLAGS, findChromium } from '../services/chromium.ts'

/** The browsers with which people open the pages. */
export const DEVICES = {
  desktop: { viewport: { width: 1280, height: 900 }, hasTouch: false, isMobile: false },
  phone: { viewport: { width: 375, height: 700 }, hasTouch: true, isMobile: true },
} as const

/** Options of {@link openBrowser}. */
export interface BrowserOptions {
  readonly device?: keyof typeof DEVICES
  readonly javaScriptEnabled?: boolean
  readonly colorScheme?: 'light' | 'dark'
}

/** The Chromium of a test file, from the first {@link openBrowser} on. A start takes 2 s of CPU. */
let launched: Promise<Browser> | undefined
afterAll(async () => (await launched)?.close())

/** A browser with cookies and storage of its own, which is a context of the file's Chromium; closed after the test. */
export async function openBrowser({
  device = 'desktop',
  javaScriptEnabled = true,
  colorScheme = 'light',
}: BrowserOptions = {}): Promise<BrowserContext> {
  launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? findChromium() ?? '/usr/bin/chromium',
    args: [...CHROMIUM_FLAGS],
  })
  const browser = await (await launched).newContext({
    locale: 'en-GB',
    ...DEVICES[device],
    javaScriptEnabled,
    colorScheme,
  })
  onTestFinished(() => browser.close())
  return browser
}

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Rules of axe that a page breaks, with the elements that do: WCAG 2.2 AA and best practices. */
export async function axeProblems(page: Page): Promise<string[]> {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  // Evaluated by the debugger, which the Content-Security-Policy of the page does not bind.
  await page.evaluate(await readFile(path, 'utf8'))
  const violations = await page.evaluate<Violation[]>('axe.run().then(({ violations }) => violations)')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
