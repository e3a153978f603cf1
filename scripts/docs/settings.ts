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
  /** Accepted values, in words. */
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

/** Accepted values of a setting: the error message for the value `?`. */
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
        ['setting', 'default', 'takes', 'meaning'],
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
    'Settings come from environment variables and from the file `.env` in the working directory of the process. The environment takes precedence over `.env`. An empty value counts as not set.\n\nAll settings are checked at start, and all problems are reported at once. A `TEAMS_` name that is not listed here is a problem. So is a line of `.env` that is not `NAME=value`. In `.env`, a comment begins with a `#` at the start of a line or after a blank, and values may be quoted.\n\nVariables that Kubernetes sets for a Service (`TEAMS_GATEWAY_SERVICE_HOST`) are not read. `.env.example` lists all settings, ready to be copied.',
    ...groups,
    `## Webhook URLs\n\nOne variable per channel: ${code(WEBHOOK_PREFIX)} and the channel's key in upper case. Webhook URLs are secrets. They may also come from a file (\`TEAMS_WEBHOOKS_FILE\`) or from Vault (\`TEAMS_WEBHOOK_VAULT_PATH\`).\n\n${table(
      ['setting', 'channel'],
      webhookNames().map(([name, channel]) => [code(name), channel]),
    )}`,
    `## Names of the platform\n\nThese names from the Python platform's \`.env\` and \`config.py\` are no settings here. The gateway starts with the platform's file unchanged, including a \`DATABASE_URL\` with \`postgresql+asyncpg://\`. A name with an equivalent here is read as that setting. The start logs one line for each name that is set, and \`doctor\` prints the same lines.\n\n${table(
      ['name on the platform', 'name here'],
      platformRows(),
    )}`,
  )
}

/** For each name of the platform: the setting that it is read as, or its replacement. */
function platformRows(): string[][] {
  return (Object.keys(PLATFORM_NAMES) as PlatformName[]).map((name) => {
    const row: { readAs?: SettingName; note?: string; instead?: string } = PLATFORM_NAMES[name]
    const here = row.readAs === undefined ? row.instead : `Read as ${code(row.readAs)}. ${row.note ?? ''}`
    return [code(name), (here ?? '').trim()]
  })
}

/** `.env.example`: settings with a default have it as their value, secrets are empty, all others are commented out. */
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
      ...wrap(`The URL that Teams shows under ${WORKFLOW}, one per channel. If none is set, cards go to the sandbox.`),
      ...webhookNames().map(([name, channel]) => `# ${channel}\n# ${name}=`),
    ].join('\n'),
  ]
  const head = [
    '# Settings of claimlinc-teams. Copy this file to .env and change it. Environment variables take precedence over .env.',
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
