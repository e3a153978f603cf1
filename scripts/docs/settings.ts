import { DEFAULT_CHANNEL_NAMES } from '../../src/catalogue/stakeholder-groups.ts'
import { WORKFLOW } from '../../src/kernel/error-codes.ts'
import { PLATFORM_NAMES, type PlatformName } from '../../src/settings/platform.ts'
import { SETTINGS, type SettingName, WEBHOOK_PREFIX } from '../../src/settings/table.ts'
import { code, page, table } from './markdown.ts'

interface Row {
  readonly name: SettingName
  readonly default: string | undefined
  readonly help: string
  readonly secret: boolean
  /** What it takes, in words. */
  readonly takes: string
}

/** The settings by group, in the table's order. */
function settingsByGroup(): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: (typeof SETTINGS)[SettingName] & { default?: string; secret?: true } = SETTINGS[name]
    const rows = groups.get(row.group) ?? []
    groups.set(row.group, rows)
    rows.push({
      name,
      default: row.default,
      help: row.help,
      secret: row.secret === true,
      takes: takes(row.schema.safeParse('?')),
    })
  }
  return groups
}

/** What a setting takes, in the words that somebody gets who sets it to `?`. */
function takes(result: {
  success: boolean
  data?: unknown
  error?: { issues: readonly { message: string }[] }
}): string {
  if (!result.success) return result.error?.issues[0]?.message ?? ''
  return Array.isArray(result.data) ? 'a list, separated by commas' : 'text'
}

/** `docs/reference/settings.md`. */
export function settingsPage(): string {
  const groups = [...settingsByGroup()].map(
    ([group, rows]) =>
      `## ${group}\n\n${table(
        ['setting', 'default', 'takes', 'what it does'],
        rows.map((row) => [
          code(row.name),
          row.default === undefined ? '–' : code(row.default),
          row.takes,
          row.secret ? `**Secret.** ${row.help}` : row.help,
        ]),
      )}`,
  )
  return page(
    'Settings',
    'src/settings/table.ts',
    'Every setting comes from the environment, or from the file `.env` in the folder that the process runs in, over which the environment wins. An empty value is no value. All of them are checked at start, and every problem is named at once; a `TEAMS_` name that is not listed here is one, and so is a line of `.env` that is not `NAME=value`. In `.env`, a comment begins with a `#` at the start of the line or behind a blank, and a value may stand in quotes. Variables that Kubernetes sets for a Service (`TEAMS_GATEWAY_SERVICE_HOST`) are not read. `.env.example` has them all, ready to be copied.',
    ...groups,
    `## Webhook URLs\n\nOne variable per channel: ${code(WEBHOOK_PREFIX)} and the channel's key in upper case. They are secrets, and may come from a file (\`TEAMS_WEBHOOKS_FILE\`) or from Vault (\`TEAMS_WEBHOOK_VAULT_PATH\`) instead.\n\n${table(
      ['setting', 'channel'],
      webhookNames().map(([name, channel]) => [code(name), channel]),
    )}`,
    `## Names of the platform\n\nNames of the Python platform's \`.env\` and \`config.py\` that are no settings here. The platform's file starts the gateway, its \`DATABASE_URL\` with \`postgresql+asyncpg://\` included. Names that have a meaning here are read; the start and \`doctor\` say a line for each of them that is set.\n\n${table(
      ['name there', 'here'],
      platformRows(),
    )}`,
  )
}

/** What each of the platform's names means here. */
function platformRows(): string[][] {
  return (Object.keys(PLATFORM_NAMES) as PlatformName[]).map((name) => {
    const row: { readAs?: SettingName; note?: string; instead?: string } = PLATFORM_NAMES[name]
    const here = row.readAs === undefined ? row.instead : `Read as ${code(row.readAs)}. ${row.note ?? ''}`
    return [code(name), (here ?? '').trim()]
  })
}

/** `.env.example`: what has a default stands there with it, secrets are empty, the rest is commented out. */
export function envExample(): string {
  const groups = [...settingsByGroup()].map(([group, rows]) => [
    `# ---- ${group} ${'-'.repeat(Math.max(0, 92 - group.length))}`,
    ...rows.map((row) =>
      [
        ...wrap(`${row.help}${row.takes === 'text' ? '' : ` Takes ${row.takes}.`}`),
        row.default !== undefined ? `${row.name}=${row.default}` : `${row.secret ? '' : '# '}${row.name}=`,
      ].join('\n'),
    ),
  ])
  const webhooks = [
    `# ---- Webhook URLs ${'-'.repeat(80)}`,
    [
      ...wrap(
        `What Teams shows under ${WORKFLOW}, one per channel. With none of them set, the cards go to the sandbox.`,
      ),
      ...webhookNames().map(([name, channel]) => `# ${channel}\n# ${name}=`),
    ].join('\n'),
  ]
  const head = [
    '# Settings of claimlinc-teams. Copy this file to .env and change what you need; the environment wins over it.',
    '# Written by "npm run docs" from src/settings/table.ts; do not edit by hand.',
  ].join('\n')
  return `${[head, ...groups.flat(), ...webhooks].join('\n\n')}\n`
}

function webhookNames(): [string, string][] {
  return Object.entries(DEFAULT_CHANNEL_NAMES).map(([key, channel]) => [
    `${WEBHOOK_PREFIX}${key.toUpperCase()}`,
    channel,
  ])
}

function wrap(text: string): string[] {
  const lines = ['#']
  for (const word of text.split(' ')) {
    const last = lines.length - 1
    if (`${lines[last]} ${word}`.length > 100) lines.push(`# ${word}`)
    else lines[last] += ` ${word}`
  }
  return lines
}
