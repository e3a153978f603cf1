import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
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

/** A browser with a profile of its own; closed after the test. */
export async function openBrowser({
  device = 'desktop',
  javaScriptEnabled = true,
  colorScheme = 'light',
}: BrowserOptions = {}): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'pages-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? findChromium() ?? '/usr/bin/chromium',
    args: [...CHROMIUM_FLAGS],
    locale: 'en-GB',
    ...DEVICES[device],
    javaScriptEnabled,
    colorScheme,
  })
  onTestFinished(async () => {
    await browser.close()
    await rm(profile, { recursive: true, force: true })
  })
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
