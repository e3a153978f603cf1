import { z } from 'zod'
import { ACTION_SETTINGS } from './action-settings.ts'
import { ARCHIVE_SETTINGS } from './archive-settings.ts'
import { AUDIT_SETTINGS } from './audit-settings.ts'
import { ESCALATION_SETTINGS } from './escalation-settings.ts'
import { LINK_SETTINGS } from './link-settings.ts'
import { PAGER_SETTINGS } from './pager-settings.ts'
import { PROXY_SETTINGS } from './proxy-settings.ts'
import { PUBLIC_SETTINGS } from './public-settings.ts'
import {
  callerName,
  flag,
  hostSuffixes,
  hosts,
  inboundSecrets,
  list,
  oneOf,
  postgresUrl,
  type SettingRow,
  seconds,
  text,
  url,
  whole,
} from './schemas.ts'
import { SOURCE_SETTINGS } from './source-settings.ts'
import { STORM_SETTINGS } from './storm-settings.ts'

/**
 * Every setting, once: validation, `.env.example`, `docs/reference/settings.md` and `doctor` are made from this table. It has
 * no webhook URLs, because their names depend on the channels: see {@link WEBHOOK_PREFIX}.
 */
export const SETTINGS = {
  TEAMS_HTTP_HOST: {
    group: 'Where it listens',
    schema: text,
    default: '127.0.0.1',
    help: 'Interface on which the HTTP service listens. An interface other than 127.0.0.1, ::1 or localhost needs TEAMS_API_TOKENS.',
  },
  TEAMS_HTTP_PORT: {
    group: 'Where it listens',
    schema: whole(0, 65535),
    default: '8080',
    help: 'Port of the HTTP service; 0 takes any free port.',
  },
  TEAMS_API_TOKENS: {
    group: 'Where it listens',
    schema: list,
    secret: true,
    help: "Callers' tokens, separated by commas, each in the form name:scope+scope:token. Scopes: send, ping (only report heartbeats; part of send), read, act, admin. A token has at least 16 characters.",
  },
  TEAMS_INBOUND_SECRETS: {
    group: 'Where it listens',
    schema: inboundSecrets,
    secret: true,
    help: 'Secrets of callers that sign their requests (Standard Webhooks, or X-HMAC-Signature) instead of sending a token, separated by commas, each in the form name:secret or only the secret. A signed caller has the scope send, and with TEAMS_INBOUND_ACT also act.',
  },
  TEAMS_INBOUND_ACT: {
    group: 'Where it listens',
    schema: list,
    help: 'Names of TEAMS_INBOUND_SECRETS whose callers may also act (POST /v1/actions), separated by commas.',
  },
  TEAMS_MAX_BODY_BYTES: {
    group: 'Where it listens',
    schema: whole(1024, 104857600),
    default: '5242880',
    help: 'Largest request body, in bytes.',
  },

  DATABASE_URL: {
    group: 'Database',
    schema: postgresUrl,
    secret: true,
    help: 'Connection string of PostgreSQL 14 or newer, for example postgres://user:password@host:5432/db. SQLAlchemy forms are accepted too: postgresql+asyncpg://…, +psycopg, +psycopg2. Without this setting the gateway uses the embedded database in TEAMS_DATA_DIR.',
  },
  TEAMS_DATA_DIR: { group: 'Database', schema: text, default: './.data', help: 'Folder of the embedded database.' },
  TEAMS_DATABASE_POOL: {
    group: 'Database',
    schema: whole(2, 200),
    default: '10',
    help: 'Most connections to PostgreSQL that one process opens for callers. Delivery has four more connections of its own, and the job engine four.',
  },
  TEAMS_MIGRATE: {
    group: 'Database',
    schema: flag,
    default: 'true',
    help: 'Migrate the database schema at start. With false, the start fails until "claimlinc-teams migrate up" was run.',
  },
  TEAMS_CALLER_NAME: {
    group: 'Database',
    schema: callerName,
    help: 'Name of this program when it sends through the library or the command line. It is recorded with each event (teams_events.origin). Programs with different names can use the same idempotency key for different events.',
  },
  TEAMS_EVENT_TTL: {
    group: 'Database',
    schema: whole(1, 31536000),
    default: '86400',
    help: 'Lifetime of an idempotency key, in seconds: until then the same key returns the first answer again.',
  },
  TEAMS_AUDIT_RETENTION_DAYS: {
    group: 'Database',
    schema: whole(1, 36500),
    default: '2192',
    help: 'Retention of audit rows, in days (2192 = 6 years, HIPAA 164.316(b)(2)(i)). Whole months are dropped.',
  },
  TEAMS_CARD_HISTORY_RETENTION_DAYS: {
    group: 'Database',
    schema: whole(1, 36500),
    default: '90',
    help: 'Retention of card payloads, in days. Afterwards the card of a finished notification is deleted; the rest of its row stays.',
  },

  TEAMS_CONFIG_FILE: {
    group: 'Events and cards',
    schema: text,
    help: 'Path of a YAML or JSON file with your own channels, stakeholder groups, event types and routes.',
  },
  TEAMS_LANGUAGE: {
    group: 'Events and cards',
    schema: oneOf(['en', 'ar']),
    default: 'en',
    help: 'Default language of cards, used when neither the event nor the channel sets one.',
  },
  TEAMS_TIME_ZONE: {
    group: 'Events and cards',
    schema: text,
    default: 'Asia/Riyadh',
    help: 'Time zone of the times on cards.',
  },
  TEAMS_PHI_POLICY: {
    group: 'Events and cards',
    schema: oneOf(['mask', 'omit', 'show']),
    default: 'mask',
    help: 'Treatment of patient data before an event is written: mask it (mask), leave it out (omit), or keep it (show).',
  },
  TEAMS_UNDECLARED_DATA: {
    group: 'Events and cards',
    schema: oneOf(['drop', 'mask', 'keep', 'refuse']),
    default: 'drop',
    help: 'Treatment of data fields that the event type does not declare: discard them and name them in the answer (drop), keep only their masks (mask), keep them (keep), or refuse the event (refuse).',
  },
  TEAMS_CARD_MAX_BYTES: {
    group: 'Events and cards',
    schema: whole(2048, 28672),
    default: '27136',
    help: 'Size limit of a card, in bytes as Teams counts them. Teams refuses 28672. The default leaves 1.5 KB for the bytes that Teams adds.',
  },
  ...LINK_SETTINGS,

  TEAMS_WEBHOOK_ENABLED: {
    group: 'Channel budget',
    schema: flag,
    default: 'true',
    help: 'With false, every channel is muted: events are recorded and no cards are sent.',
  },
  TEAMS_RATE_LIMIT_REQUESTS: {
    group: 'Channel budget',
    schema: whole(1, 1000000),
    default: '60',
    help: 'Cards that one channel may get per TEAMS_RATE_LIMIT_PERIOD, from all replicas together.',
  },
  TEAMS_RATE_LIMIT_PERIOD: {
    group: 'Channel budget',
    schema: seconds(1, 86400),
    default: '60',
    help: 'Period of TEAMS_RATE_LIMIT_REQUESTS, in seconds.',
  },
  TEAMS_RATE_LIMIT_BURST: {
    group: 'Channel budget',
    schema: whole(1, 1000000),
    default: '10',
    help: 'Largest burst: cards that a channel with a full budget may get at once.',
  },

  ...STORM_SETTINGS,
  ...ESCALATION_SETTINGS,

  ...ACTION_SETTINGS,

  TEAMS_MAX_RETRIES: {
    group: 'Retries',
    schema: whole(0, 100),
    default: '3',
    help: 'Most retries of one notification. Failures of its channel (429, open breaker) use up none.',
  },
  TEAMS_RETRY_FACTOR: {
    group: 'Retries',
    schema: seconds(1, 10),
    default: '2',
    help: 'Base of the exponential back-off: the delay before retry n is this factor to the power n - 1, in seconds, with jitter.',
  },
  TEAMS_MAX_RETRY_DELAY: {
    group: 'Retries',
    schema: seconds(1, 86400),
    default: '60',
    help: 'Longest delay before a retry, in seconds.',
  },
  TEAMS_MAX_RETRY_AFTER: {
    group: 'Retries',
    schema: seconds(1, 86400),
    default: '3600',
    help: 'Upper limit for Retry-After, in seconds; longer values are shortened to it.',
  },
  TEAMS_BREAKER_THRESHOLD: {
    group: 'Retries',
    schema: whole(1, 1000),
    default: '3',
    help: 'Failures in a row that open the channel breaker; the channel then rests until a probe succeeds. At most TEAMS_MAX_RETRIES + 1: a higher value would let an outage use up all retries.',
  },
  TEAMS_BREAKER_PROBE_DELAY: {
    group: 'Retries',
    schema: seconds(0.1, 3600),
    default: '5',
    help: 'Delay before the first probe of an open channel breaker, in seconds. Doubles with each failed probe, up to TEAMS_MAX_RETRY_DELAY.',
  },

  TEAMS_TOTAL_CONNECTIONS: {
    group: 'Connections to Teams',
    schema: whole(1, 10000),
    default: '100',
    help: 'Most connections to all hosts together.',
  },
  TEAMS_CONNECTIONS_PER_HOST: {
    group: 'Connections to Teams',
    schema: whole(1, 1000),
    default: '10',
    help: 'Most connections to one host, and most posts in flight for one channel.',
  },
  TEAMS_CONNECTION_TIMEOUT: {
    group: 'Connections to Teams',
    schema: seconds(0.1, 600),
    default: '30',
    help: 'Time-out of a post, in seconds.',
  },
  TEAMS_TLS_MIN_VERSION: {
    group: 'Connections to Teams',
    schema: oneOf(['TLSv1.3', 'TLSv1.2']),
    default: 'TLSv1.3',
    help: 'Oldest TLS version that the gateway accepts.',
  },
  TEAMS_WEBHOOK_HOST_SUFFIXES: {
    group: 'Connections to Teams',
    schema: hostSuffixes,
    help: 'Further host suffixes that webhook URLs may have (sovereign clouds, your own host of API Management), separated by commas. Public suffixes, such as com and com.sa, and localhost are refused.',
  },
  TEAMS_SHUTDOWN_TIMEOUT: {
    group: 'Connections to Teams',
    schema: seconds(0, 3600),
    default: '25',
    help: 'Longest time that a graceful stop waits for posts in flight, in seconds. Notifications that are not posted by then go back to pending.',
  },

  ...PROXY_SETTINGS,

  TEAMS_HMAC_SECRET_KEY: {
    group: 'Secrets',
    schema: z.string().min(16, { error: 'at least 16 characters, for example from "openssl rand -hex 32"' }),
    secret: true,
    help: 'Secret that signs every post. Without it each start makes a random secret, and receivers can not verify signatures.',
  },
  TEAMS_HMAC_SECRET_KEY_PREVIOUS: {
    group: 'Secrets',
    schema: z.string().min(16, { error: 'at least 16 characters' }),
    secret: true,
    help: 'The previous signing secret. While it is set, posts are also signed with it, so that receivers can change over.',
  },
  TEAMS_WEBHOOKS_FILE: {
    group: 'Secrets',
    schema: text,
    help: 'Path of a YAML or JSON file with webhook URLs by channel key. Changes are read every TEAMS_VAULT_REFRESH seconds.',
  },
  TEAMS_WEBHOOK_VAULT_PATH: {
    group: 'Secrets',
    schema: text,
    help: 'Vault KV v2 path with one field per channel key, which holds the webhook URL. Example: secret/teams/webhooks.',
  },
  TEAMS_HMAC_VAULT_PATH: {
    group: 'Secrets',
    schema: text,
    default: 'secret/teams/config',
    help: 'Vault KV v2 path with the signing secrets: hmac_secret and hmac_secret_previous. Read when VAULT_ADDR is set.',
  },
  TEAMS_VAULT_REFRESH: {
    group: 'Secrets',
    schema: seconds(1, 86400),
    default: '30',
    help: 'Interval at which secrets in Vault and in files are read again, in seconds.',
  },
  VAULT_ADDR: {
    group: 'Secrets',
    schema: url(['http:', 'https:']),
    help: 'Address of Vault. It must be https, unless Vault is on this machine or TEAMS_VAULT_ALLOW_HTTP is true.',
  },
  TEAMS_VAULT_ALLOW_HTTP: {
    group: 'Secrets',
    schema: flag,
    default: 'false',
    help: 'Allow plain HTTP to a Vault on another machine. Anyone on the network path can then read the token and every secret.',
  },
  TEAMS_VAULT_REDIRECT_HOSTS: {
    group: 'Secrets',
    schema: hosts,
    help: 'Hosts to which a Vault standby may redirect (307), besides the host of VAULT_ADDR, separated by commas. A leading dot allows all hosts below a domain. The Vault token is sent to these hosts too.',
  },
  VAULT_NAMESPACE: { group: 'Secrets', schema: text, help: 'Vault namespace.' },
  VAULT_TOKEN: { group: 'Secrets', schema: text, secret: true, help: 'Log in to Vault with this token.' },
  VAULT_ROLE_ID: { group: 'Secrets', schema: text, help: 'Log in to Vault by AppRole: the role id.' },
  VAULT_SECRET_ID: { group: 'Secrets', schema: text, secret: true, help: 'Log in to Vault by AppRole: the secret id.' },
  VAULT_KUBERNETES_ROLE: { group: 'Secrets', schema: text, help: 'Log in to Vault as this Kubernetes role.' },
  VAULT_KUBERNETES_TOKEN_FILE: {
    group: 'Secrets',
    schema: text,
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    help: 'Path of the service account token for the Kubernetes login to Vault.',
  },
  TEAMS_ENTRA_TENANT_ID: { group: 'Secrets', schema: text, help: 'Entra tenant for channels with "auth: entra".' },
  TEAMS_ENTRA_CLIENT_ID: {
    group: 'Secrets',
    schema: text,
    help: 'Entra application (client) id for channels with "auth: entra".',
  },
  TEAMS_ENTRA_CLIENT_SECRET: {
    group: 'Secrets',
    schema: text,
    secret: true,
    help: 'Entra client secret for channels with "auth: entra".',
  },
  TEAMS_ENTRA_SCOPE: {
    group: 'Secrets',
    schema: text,
    default: 'https://service.flow.microsoft.com//.default',
    help: 'Scope of the Entra token. Sovereign clouds have other scopes. The double slash is correct: the audience ends in a slash.',
  },
  TEAMS_ENTRA_AUTHORITY: {
    group: 'Secrets',
    schema: url(['http:', 'https:']),
    default: 'https://login.microsoftonline.com',
    help: 'Address of the Entra authority that issues the tokens.',
  },

  ...PUBLIC_SETTINGS,

  ...AUDIT_SETTINGS,
  ...ARCHIVE_SETTINGS,

  ...PAGER_SETTINGS,

  ...SOURCE_SETTINGS,

  TEAMS_REDIS_URL: {
    group: 'Live listeners',
    schema: url(['redis:', 'rediss:']),
    secret: true,
    help: 'Redis server on which each accepted event is published, on the Redis channel teams:events:<type>. Redis never holds the only copy.',
  },
  TEAMS_REDIS_CHANNEL_PREFIX: {
    group: 'Live listeners',
    schema: text,
    default: 'teams:events:',
    help: 'Prefix of the Redis channels; the event type follows it.',
  },

  TEAMS_SANDBOX: {
    group: 'Sandbox',
    schema: oneOf(['auto', 'on', 'off']),
    default: 'auto',
    help: 'Stand-in for Teams at /sandbox, for channels without a webhook URL: always (on), never (off), or only if no channel has, or ever had, a webhook URL in this database (auto).',
  },
  TEAMS_SANDBOX_ORIGIN: {
    group: 'Sandbox',
    schema: z
      .string()
      .regex(/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/, { error: 'http://127.0.0.1: and a port' }),
    help: 'Origin of a stand-in for Teams in another process of this machine. URLs of this origin are then valid webhook URLs, over plain HTTP too.',
  },
  TEAMS_LOG_LEVEL: {
    group: 'Sandbox',
    schema: oneOf(['silent', 'error', 'warn', 'info', 'debug']),
    default: 'info',
    help: 'Lowest level that is logged. Log lines are JSON on stderr.',
  },
} as const satisfies Record<string, SettingRow>

/** Prefix of the environment variables with webhook URLs. The channel's key in upper case follows it. */
export const WEBHOOK_PREFIX = 'TEAMS_WEBHOOK_'

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS

type Value<N extends SettingName> = z.output<(typeof SETTINGS)[N]['schema']>
type HasDefault<N extends SettingName> = (typeof SETTINGS)[N] extends { readonly default: string } ? true : false

/** All settings, validated. A setting without a default may be undefined. */
export type Settings = { readonly [N in SettingName]: HasDefault<N> extends true ? Value<N> : Value<N> | undefined }
