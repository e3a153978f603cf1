import { z } from 'zod'
import { LINK_SETTINGS } from './link-settings.ts'
import { PROXY_SETTINGS } from './proxy-settings.ts'
import type { SettingRow } from './row.ts'
import {
  callerName,
  flag,
  hostSuffixes,
  hosts,
  inboundSecrets,
  list,
  oneOf,
  postgresUrl,
  seconds,
  text,
  url,
  whole,
} from './schemas.ts'

/**
 * Every setting, once: validation, `.env.example`, `docs/reference/settings.md` and `doctor` come from here.
 * Webhook URLs are not in this table because their names follow the channels: see {@link WEBHOOK_PREFIX}.
 */
export const SETTINGS = {
  TEAMS_HTTP_HOST: {
    group: 'Where it listens',
    schema: text,
    default: '127.0.0.1',
    help: 'Interface of the HTTP service. Any other than 127.0.0.1, ::1 or localhost needs TEAMS_API_TOKENS.',
  },
  TEAMS_HTTP_PORT: {
    group: 'Where it listens',
    schema: whole(0, 65535),
    default: '8080',
    help: 'Port of the HTTP service; 0 takes a free one.',
  },
  TEAMS_API_TOKENS: {
    group: 'Where it listens',
    schema: list,
    secret: true,
    help: "Callers' tokens, separated by commas, each written name:scope+scope:token. Scopes: send, read, act, admin. A token has at least 16 characters.",
  },
  TEAMS_INBOUND_SECRETS: {
    group: 'Where it listens',
    schema: inboundSecrets,
    secret: true,
    help: 'Secrets of callers that sign their requests (Standard Webhooks, or X-HMAC-Signature) instead of showing a token, separated by commas, each alone or written name:secret. A signed caller has the scope send.',
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
    help: 'PostgreSQL 14 or newer, for example postgres://user:password@host:5432/db. The form of SQLAlchemy, postgresql+asyncpg://… (or psycopg, psycopg2), is read too. Without it the embedded database in TEAMS_DATA_DIR is used.',
  },
  TEAMS_DATA_DIR: { group: 'Database', schema: text, default: './.data', help: 'Folder of the embedded database.' },
  TEAMS_DATABASE_POOL: {
    group: 'Database',
    schema: whole(2, 200),
    default: '10',
    help: 'Connections to PostgreSQL that one process keeps at most for its callers. Delivery has four more of its own, and the job engine four.',
  },
  TEAMS_MIGRATE: {
    group: 'Database',
    schema: flag,
    default: 'true',
    help: 'Bring the schema up to date at start. With false, start fails until "claimlinc-teams migrate up" was run.',
  },
  TEAMS_CALLER_NAME: {
    group: 'Database',
    schema: callerName,
    help: 'Name of this program, where it sends as a library or by the command line. It stands in the record, and idempotency keys of programs with different names are kept apart.',
  },
  TEAMS_EVENT_TTL: {
    group: 'Database',
    schema: whole(1, 31536000),
    default: '86400',
    help: 'Seconds for which an idempotency key gives the first answer again.',
  },
  TEAMS_AUDIT_RETENTION_DAYS: {
    group: 'Database',
    schema: whole(1, 36500),
    default: '2192',
    help: 'Days that audit rows are kept (2192 = 6 years, HIPAA 164.316(b)(2)(i)); whole months are dropped.',
  },
  TEAMS_CARD_HISTORY_RETENTION_DAYS: {
    group: 'Database',
    schema: whole(1, 36500),
    default: '90',
    help: 'Days after which the card of a finished notification is forgotten; the rest of its row stays.',
  },

  TEAMS_CONFIG_FILE: {
    group: 'Events and cards',
    schema: text,
    help: 'YAML or JSON file with your own channels, stakeholder groups, event types and routes.',
  },
  TEAMS_LANGUAGE: {
    group: 'Events and cards',
    schema: oneOf(['en', 'ar']),
    default: 'en',
    help: 'Language of the cards where neither the event nor the channel says one.',
  },
  TEAMS_TIME_ZONE: {
    group: 'Events and cards',
    schema: text,
    default: 'Asia/Riyadh',
    help: 'Time zone in which cards show times.',
  },
  TEAMS_PHI_POLICY: {
    group: 'Events and cards',
    schema: oneOf(['mask', 'omit', 'show']),
    default: 'mask',
    help: 'What happens to patient data before anything is written: mask it, leave it out, or keep it.',
  },
  TEAMS_UNDECLARED_DATA: {
    group: 'Events and cards',
    schema: oneOf(['drop', 'mask', 'keep', 'refuse']),
    default: 'drop',
    help: 'What happens to data fields that the event type does not declare: they are not kept and the answer names them (drop), only their masks are kept (mask), they are kept (keep), or the event is refused (refuse).',
  },
  TEAMS_CARD_MAX_BYTES: {
    group: 'Events and cards',
    schema: whole(2048, 28672),
    default: '27136',
    help: 'Largest card, in bytes as Teams counts them. Teams refuses 28672; the default keeps 1.5 KB for what Teams adds.',
  },
  ...LINK_SETTINGS,

  TEAMS_WEBHOOK_ENABLED: {
    group: 'Channel budget',
    schema: flag,
    default: 'true',
    help: 'With false, every channel is muted: events are recorded, and no card is sent.',
  },
  TEAMS_RATE_LIMIT_REQUESTS: {
    group: 'Channel budget',
    schema: whole(1, 1000000),
    default: '60',
    help: 'Cards that one channel gets per period, all replicas together.',
  },
  TEAMS_RATE_LIMIT_PERIOD: {
    group: 'Channel budget',
    schema: seconds(1, 86400),
    default: '60',
    help: 'That period, in seconds.',
  },
  TEAMS_RATE_LIMIT_BURST: {
    group: 'Channel budget',
    schema: whole(1, 1000000),
    default: '10',
    help: 'Cards that a rested channel may get at once.',
  },

  TEAMS_DIGEST_AFTER: {
    group: 'Storms',
    schema: seconds(1, 86400),
    default: '30',
    help: 'When what waits for a channel needs more than so many seconds of its budget, notifications of MEDIUM, LOW and INFO that share a fingerprint become one card, a digest; and each digest of a storm that goes on covers so many seconds.',
  },
  TEAMS_DIGEST_URGENT: {
    group: 'Storms',
    schema: whole(1, 100000),
    default: '10',
    help: 'CRITICAL and HIGH notifications that share a fingerprint become a digest only when more than so many of them wait.',
  },
  TEAMS_REPEAT_WINDOW: {
    group: 'Storms',
    schema: seconds(0, 604800),
    default: '300',
    help: 'Seconds for which a CRITICAL, HIGH or MEDIUM event that happens again with no higher priority, while nobody has acknowledged or resolved it, is counted as a repeat and makes no card; 0 makes a card each time, also after an acknowledgement.',
  },
  TEAMS_ACK_TTL_CRITICAL: {
    group: 'Storms',
    schema: seconds(0, 2592000),
    default: '3600',
    help: 'Seconds for which an acknowledged CRITICAL event that happens again makes no card; afterwards the acknowledgement has expired.',
  },
  TEAMS_ACK_TTL_HIGH: {
    group: 'Storms',
    schema: seconds(0, 2592000),
    default: '14400',
    help: 'The same for HIGH.',
  },
  TEAMS_ACK_TTL_MEDIUM: {
    group: 'Storms',
    schema: seconds(0, 2592000),
    default: '86400',
    help: 'The same for MEDIUM. LOW and INFO are never repeats.',
  },

  TEAMS_MAX_RETRIES: {
    group: 'Retries',
    schema: whole(0, 100),
    default: '3',
    help: 'Retries of one notification after failures of its own.',
  },
  TEAMS_RETRY_FACTOR: {
    group: 'Retries',
    schema: seconds(1, 10),
    default: '2',
    help: 'The wait before retry n is factor to the power n - 1, in seconds, with jitter.',
  },
  TEAMS_MAX_RETRY_DELAY: {
    group: 'Retries',
    schema: seconds(1, 86400),
    default: '60',
    help: 'Longest wait before a retry, in seconds.',
  },
  TEAMS_MAX_RETRY_AFTER: {
    group: 'Retries',
    schema: seconds(1, 86400),
    default: '3600',
    help: 'Longest Retry-After that is believed, in seconds.',
  },
  TEAMS_BREAKER_THRESHOLD: {
    group: 'Retries',
    schema: whole(1, 1000),
    default: '3',
    help: 'Failures in a row after which a channel rests until a probe succeeds. At most TEAMS_MAX_RETRIES + 1, or an outage would use up retries.',
  },
  TEAMS_BREAKER_PROBE_DELAY: {
    group: 'Retries',
    schema: seconds(0.1, 3600),
    default: '5',
    help: 'Seconds until the first probe of a resting channel; doubles with each failed probe, up to TEAMS_MAX_RETRY_DELAY.',
  },

  TEAMS_TOTAL_CONNECTIONS: {
    group: 'Connections to Teams',
    schema: whole(1, 10000),
    default: '100',
    help: 'Connections in all.',
  },
  TEAMS_CONNECTIONS_PER_HOST: {
    group: 'Connections to Teams',
    schema: whole(1, 1000),
    default: '10',
    help: 'Connections to one host, and posts under way at once for one channel.',
  },
  TEAMS_CONNECTION_TIMEOUT: {
    group: 'Connections to Teams',
    schema: seconds(0.1, 600),
    default: '30',
    help: 'Seconds until a post without an answer counts as timed out.',
  },
  TEAMS_TLS_MIN_VERSION: {
    group: 'Connections to Teams',
    schema: oneOf(['TLSv1.3', 'TLSv1.2']),
    default: 'TLSv1.3',
    help: 'Oldest TLS version that is spoken.',
  },
  TEAMS_WEBHOOK_HOST_SUFFIXES: {
    group: 'Connections to Teams',
    schema: hostSuffixes,
    help: 'Further host suffixes that webhook URLs may have (sovereign clouds, your own host of API Management), separated by commas. Refused are those that stand for everybody: com, localhost, com.sa.',
  },
  TEAMS_SHUTDOWN_TIMEOUT: {
    group: 'Connections to Teams',
    schema: seconds(0, 3600),
    default: '25',
    help: 'Seconds that a graceful stop waits for posts under way; what is not done then is handed back.',
  },

  ...PROXY_SETTINGS,

  TEAMS_HMAC_SECRET_KEY: {
    group: 'Secrets',
    schema: z.string().min(16, { error: 'at least 16 characters, for example from "openssl rand -hex 32"' }),
    secret: true,
    help: 'Secret that signs every post. Without any, a random one is made at each start, which no receiver can check.',
  },
  TEAMS_HMAC_SECRET_KEY_PREVIOUS: {
    group: 'Secrets',
    schema: z.string().min(16, { error: 'at least 16 characters' }),
    secret: true,
    help: 'The secret before it, still signed with while receivers change over.',
  },
  TEAMS_WEBHOOKS_FILE: {
    group: 'Secrets',
    schema: text,
    help: 'YAML or JSON file of webhook URLs by channel key; read again when it changes.',
  },
  TEAMS_WEBHOOK_VAULT_PATH: {
    group: 'Secrets',
    schema: text,
    help: 'Vault KV v2 path with a field per channel key, for example secret/teams/webhooks.',
  },
  TEAMS_HMAC_VAULT_PATH: {
    group: 'Secrets',
    schema: text,
    default: 'secret/teams/config',
    help: 'Vault KV v2 path whose field hmac_secret (and hmac_secret_previous) signs; read when VAULT_ADDR is set.',
  },
  TEAMS_VAULT_REFRESH: {
    group: 'Secrets',
    schema: seconds(1, 86400),
    default: '30',
    help: 'Seconds between looks at Vault and at the files for a change.',
  },
  VAULT_ADDR: {
    group: 'Secrets',
    schema: url(['http:', 'https:']),
    help: 'Address of Vault; https, unless Vault is on this machine or TEAMS_VAULT_ALLOW_HTTP says otherwise.',
  },
  TEAMS_VAULT_ALLOW_HTTP: {
    group: 'Secrets',
    schema: flag,
    default: 'false',
    help: 'Speak to a Vault on another machine without TLS. Whoever is on the way then reads the token and every secret.',
  },
  TEAMS_VAULT_REDIRECT_HOSTS: {
    group: 'Secrets',
    schema: hosts,
    help: 'Hosts to which a Vault standby may redirect (307), besides the one of VAULT_ADDR, separated by commas; with a dot in front, all hosts below. The token goes there too.',
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
    help: 'Service account token that is shown to Vault.',
  },
  TEAMS_ENTRA_TENANT_ID: { group: 'Secrets', schema: text, help: 'Entra tenant for channels with "auth: entra".' },
  TEAMS_ENTRA_CLIENT_ID: { group: 'Secrets', schema: text, help: 'Application (client) id for them.' },
  TEAMS_ENTRA_CLIENT_SECRET: { group: 'Secrets', schema: text, secret: true, help: 'Client secret for them.' },
  TEAMS_ENTRA_SCOPE: {
    group: 'Secrets',
    schema: text,
    default: 'https://service.flow.microsoft.com//.default',
    help: 'Scope of the token; sovereign clouds have others. The double slash belongs there: the audience ends in one.',
  },
  TEAMS_ENTRA_AUTHORITY: {
    group: 'Secrets',
    schema: url(['http:', 'https:']),
    default: 'https://login.microsoftonline.com',
    help: 'Where tokens are fetched.',
  },

  TEAMS_REDIS_URL: {
    group: 'Live listeners',
    schema: url(['redis:', 'rediss:']),
    secret: true,
    help: 'Redis to publish each accepted event on teams:events:<type>; it never holds the only copy.',
  },
  TEAMS_REDIS_CHANNEL_PREFIX: {
    group: 'Live listeners',
    schema: text,
    default: 'teams:events:',
    help: "What a Redis channel begins with; the event's type follows.",
  },

  TEAMS_SANDBOX: {
    group: 'Sandbox',
    schema: oneOf(['auto', 'on', 'off']),
    default: 'auto',
    help: 'The stand-in for Teams: auto mounts it when no channel has an address, and none ever had in this database; on always, off never.',
  },
  TEAMS_SANDBOX_ORIGIN: {
    group: 'Sandbox',
    schema: z
      .string()
      .regex(/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/, { error: 'http://127.0.0.1: and a port' }),
    help: 'Origin of a stand-in for Teams in another process of this machine, whose addresses may then be webhook URLs.',
  },
  TEAMS_LOG_LEVEL: {
    group: 'Sandbox',
    schema: oneOf(['silent', 'error', 'warn', 'info', 'debug']),
    default: 'info',
    help: 'What is logged, as JSON lines on stderr.',
  },
} as const satisfies Record<string, SettingRow>

/** Environment variables that start so, followed by an upper-cased channel key, hold a channel's webhook URL. */
export const WEBHOOK_PREFIX = 'TEAMS_WEBHOOK_'

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS

type Value<N extends SettingName> = z.output<(typeof SETTINGS)[N]['schema']>
type HasDefault<N extends SettingName> = (typeof SETTINGS)[N] extends { readonly default: string } ? true : false

/** All settings, validated: those without a default may be absent. */
export type Settings = { readonly [N in SettingName]: HasDefault<N> extends true ? Value<N> : Value<N> | undefined }
