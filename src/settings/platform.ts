import { SETTINGS, type SettingName } from './table.ts'

/** A name of the platform's that is read as a setting of ours. */
interface ReadAs {
  readonly readAs: SettingName
  /** Turns its value into one of the setting's, where the two are not written alike. */
  readonly toValue?: (value: string) => string
  /** How its value is read, where that is not plain. */
  readonly note?: string
}

/** A name of the platform's that nothing is read from. */
interface NotRead {
  /** What is meant here, in a sentence; said at start where the name has another value than `silentFor`. */
  readonly instead: string
  /** The value with which the gateway does what it says anyway. */
  readonly silentFor?: string
}

/** Puts a path at the end of an address that does not say where the id goes. */
const withPath = (placeholder: string, path: string) => (base: string) =>
  base.includes(placeholder) ? base : `${base.replace(/\/+$/, '')}${path}`

/**
 * The names of the Python platform's `.env` and `config.py` that are no settings here, and what each means: so that its
 * file starts the gateway unchanged. `docs/reference/settings.md` lists them, and the start says a line for each that is
 * set. Names that mean the same here and there are in {@link SETTINGS} only.
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

/** Something about the settings that works and may not be meant so. */
export interface SettingNotice {
  /** The name in the environment that it is about. */
  readonly at: string
  /** What is so, in words; no value. */
  readonly says: string
}

/** What the platform's names in an environment come to. */
export interface PlatformValues {
  /** Texts for settings that have none of their own, with the name that each comes from. */
  readonly values: ReadonlyMap<SettingName, { readonly at: PlatformName; readonly text: string }>
  readonly notices: readonly SettingNotice[]
}

/** True for a name of the platform's. */
export function isPlatformName(name: string): name is PlatformName {
  return Object.hasOwn(PLATFORM_NAMES, name)
}

/**
 * Reads the platform's names. A setting's own name wins. A name without `TEAMS_` may be meant for another program of the
 * same environment, so one whose value the setting does not take is noted and not refused.
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
