/**
 * Draws the pages behind buttons in Chromium, for people to look at:
 *
 *     node scripts/page-pictures.ts <folder> [part of a picture's name]
 *
 * Each page in both languages, light and dark, on a desktop and on a phone. The folder is made when it is not there. CHROMIUM
 * names the browser.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { EVENT_TYPES } from '../src/catalogue/event-types.ts'
import { LANGUAGES, type Language } from '../src/catalogue/language.ts'
import type { ActionName } from '../src/contract/actions.ts'
import { linkKeyOf, signToken, unsignedToken } from '../src/contract/link-token.ts'
import { createPublicServer } from '../src/http/public/server.ts'
import type { SignIn } from '../src/http/public/sign-in.ts'
import { createLog } from '../src/kernel/log.ts'
import { Secret } from '../src/kernel/secret.ts'
import { createMetrics } from '../src/metrics/metrics.ts'
import { createMemoryActing, type MemoryActing, TIERS } from '../test/public/memory-acting.ts'

const [folder, wanted = ''] = process.argv.slice(2)
if (folder === undefined) {
  console.error("usage: node scripts/page-pictures.ts <folder> [part of a picture's name]")
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const KEY = linkKeyOf(new Secret('the-secret-of-the-pictures-0123456789'))
/** Never asked: only the page before a sign-in is drawn. */
const SIGN_IN: SignIn = {
  tenants: [{ id: '0d5a6f0c-0000-4000-8000-000000000001', name: 'hospital' }],
  begin: () => Promise.reject(new Error('not here')),
  finish: () => Promise.reject(new Error('not here')),
}

interface Picture {
  readonly action?: ActionName
  readonly signIn?: boolean
  readonly token?: (token: string) => string
  readonly prepare?: (service: MemoryActing) => void
  /** Name that is typed and sent; empty: the form is sent without one. */
  readonly name?: string
}

const PICTURES: Readonly<Record<string, Picture>> = {
  acknowledge: {},
  done: { name: 'Sara Al-Harbi' },
  'name-missing': { name: '' },
  'already-done': { prepare: (service) => acknowledgedBefore(service) },
  'not-verified': { action: 'discard' },
  'all-inputs': {
    prepare: (service) => {
      service.page = {
        inputs: { reason: 'required', note: 'optional', tier: 'optional', quietFor: 'optional' },
        events: 12,
        tiers: TIERS,
      }
    },
  },
  'sign-in': { signIn: true },
  expired: { token: () => tokenOf(createMemoryActing(), 'acknowledge', -1) },
  forged: { token: () => 'A'.repeat(54) },
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})
try {
  for (const [name, picture] of Object.entries(PICTURES))
    for (const language of LANGUAGES)
      for (const colorScheme of ['light', 'dark'] as const)
        for (const [device, viewport] of [
          ['desktop', { width: 900, height: 700 }],
          ['phone', { width: 375, height: 700 }],
        ] as const) {
          const file = `${name}-${language}-${colorScheme}-${device}.png`
          if (!file.includes(wanted)) continue
          const context = await browser.newContext({ viewport, colorScheme })
          await draw(await context.newPage(), picture, language, join(folder, file))
          await context.close()
          console.log(file)
        }
} finally {
  await browser.close()
}

async function draw(page: Page, picture: Picture, language: Language, path: string): Promise<void> {
  const service = createMemoryActing({ language })
  picture.prepare?.(service)
  let origin = ''
  const server = createPublicServer({
    service,
    host: '127.0.0.1',
    port: 0,
    publicUrl: () => origin,
    keys: () => [KEY],
    now: () => new Date(),
    log: createLog('silent'),
    metrics: createMetrics(),
    signIn: picture.signIn ? SIGN_IN : undefined,
    typedNames: true,
    signedInHours: 8,
    timeZone: 'Asia/Riyadh',
    titleOf: (type, of) => EVENT_TYPES[type as keyof typeof EVENT_TYPES].words[of].title,
    shutdownTimeout: 1,
  })
  origin = (await server.start()).origin
  const token = tokenOf(service, picture.action ?? 'acknowledge')
  await page.goto(`${origin}/act/${picture.token?.(token) ?? token}?lang=${language}`)
  if (picture.name !== undefined) {
    await page.fill('#name', picture.name)
    await page.click('button.primary')
  }
  await page.screenshot({ path, fullPage: true })
  await server.stop()
}

function tokenOf(service: MemoryActing, action: ActionName, days = 1): string {
  const expiresAt = new Date(Date.now() + days * 86_400_000)
  return signToken(unsignedToken({ notificationId: service.notification.id, action, expiresAt }), KEY)
}

function acknowledgedBefore(service: MemoryActing): void {
  const at = new Date('2026-11-30T08:05:00Z')
  const { notification } = service
  service.done.push({
    id: notification.id,
    action: 'acknowledge',
    state: 'done',
    result: null,
    eventId: notification.eventId,
    notificationId: notification.id,
    correlationId: notification.correlationId,
    eventType: notification.eventType,
    priority: notification.priority,
    by: 'سارة الحربي',
    via: 'typed',
    verified: false,
    reason: null,
    note: 'on my way',
    tier: null,
    quietUntil: null,
    data: null,
    events: 1,
    requestedAt: at,
    finishedAt: at,
    notification,
    card: null,
  })
  service.page = { acknowledged: { by: 'سارة الحربي', at, until: new Date('2026-11-30T09:05:00Z') } }
}
