import type { Kysely } from 'kysely'
import type { Signer } from '../contract/note-keys.ts'
import { GatewayError } from '../kernel/errors.ts'
import { readOrigin } from '../store/audit-tree.ts'
import type { Tables } from '../store/tables.ts'

/**
 * Refuses keys of another name than that of the tree which the database has: their checkpoints would be those of another
 * tree. Before the first sealing every name is right; the tree gets it.
 *
 * @throws GatewayError `invalid_settings`
 */
export async function checkAuditKeys(db: Kysely<Tables>, signers: readonly Signer[]): Promise<void> {
  const [signer] = signers
  if (signer === undefined) return
  const origin = await readOrigin(db)
  if (origin === undefined || origin.name === signer.name) return
  throw new GatewayError('invalid_settings', [
    {
      at: 'TEAMS_AUDIT_KEY',
      found: `a key of the name ${signer.name}, and this database has the audit tree ${origin.name}`,
      expected: `a key of that name: ${keygenCommand(origin.name)}`,
    },
  ])
}

/**
 * The command that makes a key for a tree. That of a tree which `audit continue` began, such as `example.com/teams/2`, has another
 * file than the one before it, which is still there and is not replaced.
 */
export function keygenCommand(origin: string): string {
  const number = /\/(\d+)$/.exec(origin)?.[1]
  return `claimlinc-teams audit keygen --origin '${origin}' --out audit${number === undefined ? '' : `-${number}`}.key`
}
