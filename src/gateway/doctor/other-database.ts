import type { Catalogue } from '../../catalogue/catalogue.ts'
import { EXIT } from '../../kernel/exit-codes.ts'
import { webhookSetting } from '../../secrets/environment.ts'
import { NAME_THE_DATABASE } from '../../settings/check-other-database.ts'
import type { Environment } from '../../settings/environment.ts'
import { otherDatabase } from '../../settings/other-database.ts'
import type { Settings } from '../../settings/table.ts'
import { type Finding, noted, wrong } from './finding.ts'

/** Names of a PostgreSQL that the gateway does not read, where it would use the embedded database in place of that one. */
export function checkOtherNames(env: Environment, settings: Settings, catalogue: Catalogue): readonly Finding[] {
  const { addresses, hosts } = otherDatabase(env)
  const named = [...catalogue.channels.keys()].some((key) => env[webhookSetting(key)]?.trim())
  const real = named || settings.TEAMS_WEBHOOKS_FILE !== undefined || settings.TEAMS_WEBHOOK_VAULT_PATH !== undefined
  const found = (name: string) => `${name}: found a PostgreSQL under a name that the gateway does not read`
  const todo = `Set ${NAME_THE_DATABASE}.`
  return [
    ...addresses.map((name) =>
      real ? wrong('database', found(name), todo, EXIT.usage) : noted('database', found(name), todo),
    ),
    ...(real ? hosts.map((name) => noted('database', found(name), todo)) : []),
  ]
}
