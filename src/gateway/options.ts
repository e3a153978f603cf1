import type { ConfigInput } from '../catalogue/config-input.ts'
import type { Clock } from '../kernel/clock.ts'
import type { LineLogger, Log } from '../kernel/log.ts'
import type { SettingName } from '../settings/table.ts'
import type { SharedDatabase } from '../store/shared-database.ts'

/** How to make a gateway. Everything has a default. */
export interface GatewayOptions {
  /**
   * Name of your program, TEAMS_CALLER_NAME if absent. It stands in the record as `library:<name>`, and idempotency keys of
   * programs with different names are kept apart.
   */
  readonly name?: string
  /** Settings by the names of `.env.example`; they win over `env`. */
  readonly settings?: { readonly [N in SettingName]?: string | number | boolean }
  /** Webhook URLs by channel key; they win over every other source. */
  readonly webhooks?: Readonly<Record<string, string>>
  /** Where settings come from; `process.env` (and `.env`) if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Your own channels, groups, event types and routes: the contents of a configuration file. */
  readonly config?: ConfigInput
  /**
   * A database that your program has open already; DATABASE_URL, or the embedded one, if absent. Beside a `pg` pool a gateway that
   * delivers makes up to four connections of its own with the pool's options, so that the pool, used up, does not cost it a
   * lease; beside a Kysely, or a pool with a listener for its new connections, it has only yours.
   */
  readonly database?: SharedDatabase
  /** False for a process that only accepts, while a gateway elsewhere on the same database delivers. */
  readonly deliver?: boolean
  /** Your own logger, such as pino's; JSON lines on stderr at TEAMS_LOG_LEVEL if absent. */
  readonly log?: Log | LineLogger
  readonly clock?: Clock
}
