import type { ActionProvider } from '../actions/provider.ts'
import type { ConfigInput } from '../catalogue/config-input.ts'
import type { Clock } from '../kernel/clock.ts'
import type { LineLogger, Log } from '../kernel/log.ts'
import { type ReadEnvironment, readEnvFile } from '../settings/load.ts'
import { withoutServiceVariables } from '../settings/service-variables.ts'
import { type SettingName, WEBHOOK_PREFIX } from '../settings/table.ts'
import type { SharedDatabase } from '../store/shared-database.ts'

/** Options of a gateway; each has a default. */
export interface GatewayOptions {
  /**
   * Name of your program, TEAMS_CALLER_NAME if absent. Events are stored with the origin `library:<name>`; idempotency keys are
   * unique per name.
   */
  readonly name?: string
  /** Settings by the names of `.env.example`; they take precedence over `env`. */
  readonly settings?: { readonly [N in SettingName]?: string | number | boolean }
  /** Webhook URLs by channel key; they take precedence over every other source. */
  readonly webhooks?: Readonly<Record<string, string>>
  /** Environment to read settings from; `process.env` (and `.env`) if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Your own channels, groups, event types and routes: the contents of a configuration file. */
  readonly config?: ConfigInput
  /**
   * A database that your program has open already; DATABASE_URL, or the embedded database, if absent. With a `pg` pool, a gateway
   * that delivers opens up to four connections of its own with the pool's options, so that it can renew its leases while
   * your program uses all connections of the pool. With a Kysely, or a pool that listens for `connect`, it has only yours.
   */
  readonly database?: SharedDatabase
  /**
   * False for a process that only accepts, while a gateway elsewhere on the same database delivers. Templates are neither read nor
   * checked then.
   */
  readonly deliver?: boolean
  /** Your own logger, such as pino's; JSON lines on stderr at TEAMS_LOG_LEVEL if absent. */
  readonly log?: Log | LineLogger
  readonly clock?: Clock
  /** What does `retry` and `poll` for your events. Their buttons are offered where one of these says that it can. */
  readonly actions?: readonly ActionProvider[]
}

/**
 * Returns the environment that the options describe: `env`, or `process.env` over the `.env` file of the working folder. Settings,
 * name and webhook URLs of the options take precedence. Also returns the problems of `.env`.
 */
export function environmentOf(
  options: Pick<GatewayOptions, 'env' | 'settings' | 'name' | 'webhooks'>,
): ReadEnvironment {
  const read = options.env ? { env: withoutServiceVariables(options.env), problems: [] } : readEnvFile(process.env)
  const env: Record<string, string | undefined> = { ...read.env }
  for (const [name, value] of Object.entries(options.settings ?? {})) if (value !== undefined) env[name] = String(value)
  if (options.name !== undefined) env.TEAMS_CALLER_NAME = options.name
  for (const [key, url] of Object.entries(options.webhooks ?? {})) env[`${WEBHOOK_PREFIX}${key.toUpperCase()}`] = url
  return { env, problems: read.problems }
}
