import { SETTINGS, type SettingName } from './table.ts'

/** A variable of the Python platform that is read as a setting of the gateway. */
interface ReadAs {
  readonly readAs: SettingName
  /** Converts its value to the setting's format; absent where both have the same. */
  readonly toValue?: (value: string) => string
  /** How its value is converted, as a sentence of the notice at start. */
  readonly note?: string
}

/** A variable of the Python platform that is not read. */
interface NotRead {
  /** The gateway's counterpart, in a sentence; logged at start, unless the value is `silentFor`. */
  readonly instead: string
  /** The value that describes the gateway's behaviour, and needs no notice. */
  readonly silentFor?: string
}

/** Appends a path to an address that does not contain the placeholder. */
const withPath = (placeholder: string, path: string) => (base: string) =>
  base.includes(placeholder) ? base : `${base.replace(/\/+$/, '')}${path}`

/**
 * The variables of the Python platform's `.env` and `config.py` that are no settings of the gateway, with their counterparts,
 * so that the gateway starts with the platform's file unchanged. `docs/reference/settings.md` lists them, and the start logs a
 * line for each that is set. Names with the same meaning in both programs are only in {@link SETTINGS}.
 */
export const PLATFORM_NAMES = {
  GRAFANA_URL: { readAs: 'TEAMS_LINK_GRAFANA' },
  FLOWER_URL: { readAs: 'TEAMS_LINK_FLOWER' },
  KIBANA_URL: {
    readAs: 'TEAMS_LINK_LOGS',
    toValue: withPath('{correlation_id}', "/app/discover#/?_a=(query:(language:kuery,query:'%22{correlation_id}%22'))"),
    note: 'Without {correlation_id} in it, it opens Discover with the correlation id as the query.',
  },
  CLAIMLINC_URL: {
    readAs: 'TEAMS_LINK_CLAIMS',
    toValue: withPath('{claim_id}', '/claims/{claim_id}'),
    note: 'Without {claim_id} in it, it opens /claims/<claim_id> there.',
  },
  NPHIES_PORTAL_URL: { readAs: 'TEAMS_LINK_NPHIES' },
  NPHIES_STATUS_URL: { readAs: 'TEAMS_LINK_NPHIES_STATUS' },
  NPHIES_DOCS_URL: { readAs: 'TEAMS_LINK_NPHIES_DOCS' },
  VAULT_RUNBOOK_URL: { readAs: 'TEAMS_LINK_VAULT_RUNBOOK' },
  CELERY_RUNBOOK_URL: { readAs: 'TEAMS_LINK_CELERY_RUNBOOK' },
  NPHIES_RUNBOOK_URL: { readAs: 'TEAMS_LINK_NPHIES_RUNBOOK' },
  TEAMS_VAULT_PATH: { readAs: 'TEAMS_WEBHOOK_VAULT_PATH' },
  TEAMS_HMAC_SECRET: { readAs: 'TEAMS_HMAC_SECRET_KEY' },
  TEAMS_MAX_REQUESTS_PER_MINUTE: {
    readAs: 'TEAMS_RATE_LIMIT_REQUESTS',
    note: 'A minute is TEAMS_RATE_LIMIT_PERIOD as long as that is 60, its default.',
  },
  TEAMS_MAX_BURST_SIZE: { readAs: 'TEAMS_RATE_LIMIT_BURST' },
  TEAMS_RETRY_BACKOFF_FACTOR: { readAs: 'TEAMS_RETRY_FACTOR' },
  TEAMS_AUDIT_TABLE: {
    instead: 'The record is always in the table teams_notifications, which the migrations make.',
    silentFor: 'teams_notifications',
  },
  TEAMS_RETRY_TIMEOUT_SECONDS: {
    instead:
      'Not read: TEAMS_CONNECTION_TIMEOUT bounds one post, TEAMS_MAX_RETRY_DELAY the wait before a retry, TEAMS_MAX_RETRIES their number.',
  },
  TEAMS_SIGNING_KEY: {
    instead: 'Not read: posts are signed with TEAMS_HMAC_SECRET_KEY, and links with keys of their own.',
  },
  TEAMS_ENABLE_USER_SPECIFIC_VIEWS: {
    instead: 'Not read: everybody in a channel sees the same card.',
    silentFor: 'false',
  },
  TEAMS_TEMPLATE_DIR: {
    instead:
      'Not read: its Jinja2 templates are no templates here. A folder of your own is "templates" in TEAMS_CONFIG_FILE (templates/README.md).',
  },
} as const satisfies Record<string, ReadAs | NotRead>

/** A name of {@link PLATFORM_NAMES}. */
export type PlatformName = keyof typeof PLATFORM_NAMES

/** A notice about a valid setting that may be a mistake. */
export interface SettingNotice {
  /** Name of the variable. */
  readonly at: string
  /** The effect of the setting, in a sentence that quotes no value. */
  readonly says: string
}

/** The settings that an environment sets by the platform's names. */
export interface PlatformValues {
  /** Text by setting, with the variable that it comes from. Only settings that are not set by their own names. */
  readonly values: ReadonlyMap<SettingName, { readonly at: PlatformName; readonly text: string }>
  readonly notices: readonly SettingNotice[]
}

/** True for a variable of the platform, a key of {@link PLATFORM_NAMES}. */
export function isPlatformName(name: string): name is PlatformName {
  return Object.hasOwn(PLATFORM_NAMES, name)
}

/**
 * Reads the platform's variables. A setting's own name wins. A variable without the prefix `TEAMS_` may be meant for another
 * program in the same environment, so an invalid value of it leads to a notice, not to a refusal.
 */
export function readPlatformNames(env: Readonly<Record<string, string | undefined>>): PlatformValues {
  const values = new Map<SettingName, { at: PlatformName; text: string }>()
  const notices: SettingNotice[] = []
  for (const at of Object.keys(PLATFORM_NAMES) as PlatformName[]) {
    const given = env[at]?.trim()
    if (!given) continue
    const row: ReadAs | NotRead = PLATFORM_NAMES[at]
    if ('instead' in row) {
      if (given.toLowerCase() !== row.silentFor) notices.push({ at, says: row.instead })
      continue
    }
    const { readAs, toValue = (value: string) => value, note } = row
    const text = toValue(given)
    const taken = values.get(readAs)?.at ?? (env[readAs]?.trim() ? readAs : undefined)
    const same = taken === readAs && env[readAs]?.trim() === text
    if (same) continue
    if (taken !== undefined) notices.push({ at, says: `Not read, because ${taken} is set too.` })
    else if (!at.startsWith('TEAMS_') && !SETTINGS[readAs].schema.safeParse(text).success)
      notices.push({ at, says: `Not read as ${readAs}: that takes a URL that starts with http:// or https://.` })
    else {
      values.set(readAs, { at, text })
      notices.push({ at, says: `Read as ${readAs}.${note === undefined ? '' : ` ${note}`}` })
    }
  }
  return { values, notices }
}
