/**
 * Draws the golden cards as Teams would, in Chromium with the official renderer, and writes contact sheets:
 *
 *     node scripts/card-pictures.ts <folder> [part of a type's name]
 *
 * One sheet per dozen cards, language and theme. The folder is made when it is not there. CHROMIUM names the browser.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { LANGUAGES } from '../src/catalogue/language.ts'
import { TEAMS_DARK, TEAMS_LIGHT } from '../src/contract/teams-host-config.ts'

const PER_SHEET = 12
const THEMES = {
  light: { config: TEAMS_LIGHT, page: '#f0f0f0', card: '#ffffff', text: '#242424' },
  dark: { config: TEAMS_DARK, page: '#141414', card: '#292929', text: '#ffffff' },
} as const

const [folder, wanted = ''] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node scripts/card-pictures.ts <folder> [part of a type name]')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const golden = fileURLToPath(new URL('../test/golden/', import.meta.url))
const library = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js')

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1500, height: 900 } })
  for (const language of LANGUAGES) {
    const names = readdirSync(golden).filter((name) => name.endsWith(`.${language}.json`) && name.includes(wanted))
    const cards = names.sort().map((name) => ({ name, card: JSON.parse(readFileSync(join(golden, name), 'utf8')) }))
    for (const [theme, look] of Object.entries(THEMES)) {
      for (let from = 0; from < cards.length; from += PER_SHEET) {
        await page.setContent(`<!doctype html><meta charset="utf-8"><style>
          body { margin: 16px; background: ${look.page}; color: ${look.text}; font: 12px "Segoe UI", system-ui, sans-serif;
                 columns: 3; column-gap: 16px }
          figure { margin: 0 0 20px; break-inside: avoid }
          figcaption { opacity: .7; margin-bottom: 4px }
          .ac-adaptiveCard { background: ${look.card} !important; border-radius: 6px; overflow: hidden; box-shadow: 0 1px 3px #0004 }
          .ac-pushButton { background: transparent; color: inherit; border: 1px solid #8888; border-radius: 4px;
                           padding: 5px 12px; font: 600 13px "Segoe UI", system-ui, sans-serif; margin-bottom: 4px }
          .ac-actionSet { flex-wrap: wrap; row-gap: 4px }
          at { color: #7f85f5; font-weight: 600 }
        </style><body></body>`)
        await page.addScriptTag({ path: library })
        await page.evaluate(drawAll, { cards: cards.slice(from, from + PER_SHEET), config: look.config })
        const path = join(folder, `cards-${language}-${theme}-${from / PER_SHEET + 1}.png`)
        await page.screenshot({ path, fullPage: true })
        console.log(path)
      }
    }
  }
} finally {
  await browser.close()
}

interface Given {
  readonly cards: readonly { readonly name: string; readonly card: unknown }[]
  readonly config: unknown
}

/** The globals of the page that are used; the project has no DOM types. */
interface PageGlobals {
  readonly AdaptiveCards: {
    readonly AdaptiveCard: (new () => { hostConfig: unknown; parse(card: unknown): void; render(): unknown }) & {
      onProcessMarkdown: (text: string, result: { outputHtml?: string; didProcess: boolean }) => void
    }
    readonly HostConfig: new (config: unknown) => unknown
  }
  readonly document: {
    readonly body: PageElement
    createElement(name: string): PageElement
  }
}

interface PageElement {
  textContent: string
  append(child: unknown): void
}

/** Runs inside the page, so it uses no variable of this module. */
function drawAll({ cards, config }: Given): void {
  const { AdaptiveCards, document } = globalThis as typeof globalThis & PageGlobals
  const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
  // Markdown of a TextBlock in Teams: mentions, bold, italic, links and backslash escapes.
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (
    text: string,
    result: { outputHtml?: string; didProcess: boolean },
  ) => {
    const kept: string[] = []
    result.outputHtml = escapeHtml(
      text.replace(/\\([\\`*_[\]~|<>&#+\-.)])/g, (_, char: string) => `\u0001${kept.push(char) - 1}\u0002`),
    )
      .replace(/&lt;at>(.*?)&lt;\/at>/g, '<at>$1</at>')
      .replace(/\[([^\]]*)\]\((https?:[^)]*)\)/g, '<a href="$2">$1</a>')
      .replace(/\*\*(.+?)\*\*/g, '<b>$1</b>')
      .replace(/(\*|\b_)(.+?)(\*|_\b)/g, '<i>$2</i>')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they stand for escaped characters
      .replace(/\u0001(\d+)\u0002/g, (_, i: string) => escapeHtml(kept[Number(i)] ?? ''))
    result.didProcess = true
  }
  for (const { name, card } of cards) {
    const figure = document.createElement('figure')
    const caption = document.createElement('figcaption')
    caption.textContent = name
    figure.append(caption)
    const drawn = new AdaptiveCards.AdaptiveCard()
    drawn.hostConfig = new AdaptiveCards.HostConfig(config)
    drawn.parse(card)
    figure.append(drawn.render())
    document.body.append(figure)
  }
}
