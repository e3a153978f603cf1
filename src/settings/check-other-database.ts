import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Environment } from './environment.ts'
import { otherDatabase } from './other-database.ts'

/** What is right in place of a name that the gateway does not read. */
export const NAME_THE_DATABASE =
  'DATABASE_URL with this address, or TEAMS_DATA_DIR where the embedded database is meant'

/**
 * Refuses to start with the embedded database beside real webhooks where the environment names a PostgreSQL in other words than
 * DATABASE_URL: each replica would have a record of its own, and nobody would hear of it. Says it only where no card goes to
 * people, and where the name may be there for another program.
 *
 * @throws GatewayError `invalid_settings`
 */
export function checkOtherDatabase(env: Environment, hasWebhooks: boolean, log: Log): void {
  const { addresses, hosts } = otherDatabase(env)
  if (hasWebhooks && addresses.length > 0)
    throw new GatewayError(
      'invalid_settings',
      addresses.map((at) => ({
        at,
        found: 'the address of a PostgreSQL under a name that the gateway does not read',
        expected: NAME_THE_DATABASE,
      })),
    )
  const names = hasWebhooks ? hosts : addresses
  if (names.length > 0) log.write('database_address_ignored', { names })
}
