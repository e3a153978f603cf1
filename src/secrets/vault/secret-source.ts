import type { Clock } from '../../kernel/clock.ts'
import { isGatewayError, type Problem } from '../../kernel/errors.ts'
import type { Settings } from '../../settings/table.ts'
import type { Found, FoundSigning, SecretSource } from '../secret-source.ts'
import { createVaultClient, type VaultClient } from './client.ts'

/**
 * Source of the webhook URLs at TEAMS_WEBHOOK_VAULT_PATH, the signing secrets at TEAMS_HMAC_VAULT_PATH, the audit keys at
 * TEAMS_AUDIT_VAULT_PATH, the archive keys at TEAMS_ARCHIVE_VAULT_PATH, the keys of pagers at TEAMS_PAGERS_VAULT_PATH and the
 * secrets of sources at TEAMS_SOURCES_VAULT_PATH.
 *
 * @param options.includeOverridden reads the signing secrets, audit keys and archive keys even where the environment or a file has them
 */
export function vaultSource(
  address: string,
  settings: Settings,
  clock: Clock,
  options: { readonly includeOverridden?: boolean } = {},
): SecretSource {
  const client = createVaultClient(address, settings, clock)
  const webhookPath = settings.TEAMS_WEBHOOK_VAULT_PATH
  // A secret in the environment overrides Vault's, which then need not be readable.
  const needed = settings.TEAMS_HMAC_SECRET_KEY === undefined
  const hmacPath = needed || options.includeOverridden ? settings.TEAMS_HMAC_VAULT_PATH : undefined
  const pagersPath = settings.TEAMS_PAGERS_VAULT_PATH
  const sourcesPath = settings.TEAMS_SOURCES_VAULT_PATH
  const auditNeeded = settings.TEAMS_AUDIT_KEY === undefined && settings.TEAMS_AUDIT_KEY_FILE === undefined
  const auditPath = auditNeeded || options.includeOverridden ? settings.TEAMS_AUDIT_VAULT_PATH : undefined
  const archiveNeeded = settings.TEAMS_ARCHIVE_KEYS === undefined && settings.TEAMS_ARCHIVE_KEYS_FILE === undefined
  const archivePath = archiveNeeded || options.includeOverridden ? settings.TEAMS_ARCHIVE_VAULT_PATH : undefined
  return {
    kind: 'vault',
    name: 'VAULT_ADDR',
    async read() {
      const [webhooks, signing, auditKeys, archiveKeys, pagers, sourceSecrets] = await Promise.all([
        webhookPath === undefined ? NOT_READ : attempt(() => readWebhooks(client, webhookPath)),
        hmacPath === undefined ? NOT_READ : attempt(() => readSigning(client, hmacPath)),
        auditPath === undefined ? NOT_READ : attempt(() => readKeys(client, auditPath, 'audit_key')),
        archivePath === undefined ? NOT_READ : attempt(() => readKeys(client, archivePath, 'archive_keys')),
        pagersPath === undefined ? NOT_READ : attempt(() => readPagers(client, pagersPath)),
        sourcesPath === undefined ? NOT_READ : attempt(() => readSourceSecrets(client, sourcesPath)),
      ])
      const problems = new Map(
        [
          ...(webhooks.problems ?? []),
          ...((needed && signing.problems) || []),
          ...((auditNeeded && auditKeys.problems) || []),
          ...((archiveNeeded && archiveKeys.problems) || []),
          ...(pagers.problems ?? []),
          ...(sourceSecrets.problems ?? []),
        ].map((problem) => [JSON.stringify(problem), problem]),
      )
      return {
        webhooks: webhooks.value,
        signing: signing.value,
        auditKeys: auditKeys.value,
        archiveKeys: archiveKeys.value,
        pagers: pagers.value,
        sourceSecrets: sourceSecrets.value,
        problems: [...problems.values()],
      }
    },
    close: client.close,
  }
}

function readWebhooks(client: VaultClient, path: string): Promise<Attempt<ReadonlyMap<string, Found>>> {
  return readMap(client, path, `a field for each channel key ("vault kv put ${path} sre=…")`)
}

function readPagers(client: VaultClient, path: string): Promise<Attempt<ReadonlyMap<string, Found>>> {
  return readMap(client, path, `a field for each pager ("vault kv put ${path} oncall=…")`)
}

function readSourceSecrets(client: VaultClient, path: string): Promise<Attempt<ReadonlyMap<string, Found>>> {
  return readMap(client, path, `a field for each source ("vault kv put ${path} claims_db=…")`)
}

async function readMap(client: VaultClient, path: string, what: string): Promise<Attempt<ReadonlyMap<string, Found>>> {
  const fields = await client.readFields(path)
  if (fields) return { value: new Map(Object.keys(fields).map((key) => [key, foundIn(fields, path, key)])) }
  // A failure, not "no addresses": a path deleted by mistake must not remove the channels' addresses.
  return { problems: [{ at: path, found: 'nothing at this path', expected: `a secret of KV version 2 with ${what}` }] }
}

/** A path without a secret is no failure: TEAMS_HMAC_VAULT_PATH has a default, so it is set for every user of Vault. */
async function readSigning(client: VaultClient, path: string): Promise<Attempt<FoundSigning>> {
  const fields = await client.readFields(path)
  if (!fields) return {}
  const read = (field: string) => (fields[field] === undefined ? undefined : foundIn(fields, path, field))
  return { value: { current: read('hmac_secret'), previous: read('hmac_secret_previous') } }
}

async function readKeys(
  client: VaultClient,
  path: string,
  field: 'audit_key' | 'archive_keys',
): Promise<Attempt<Found>> {
  const fields = await client.readFields(path)
  if (fields?.[field] !== undefined) return { value: foundIn(fields, path, field) }
  const found = fields === undefined ? 'nothing at this path' : `no field ${field}`
  return { problems: [{ at: path, found, expected: `a key ("vault kv put ${path} ${field}=@<file>")` }] }
}

function foundIn(fields: Readonly<Record<string, unknown>>, path: string, field: string): Found {
  const value = fields[field]
  return { at: `${path}: ${field}`, value: typeof value === 'string' ? value.trim() : value }
}

interface Attempt<T> {
  readonly value?: T | undefined
  readonly problems?: readonly Problem[]
}

const NOT_READ: Attempt<never> = {}

async function attempt<T>(task: () => Promise<Attempt<T>>): Promise<Attempt<T>> {
  try {
    return await task()
  } catch (error) {
    if (isGatewayError(error)) return { problems: error.problems }
    throw error
  }
}
