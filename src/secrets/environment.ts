import { nearestName } from '../kernel/nearest.ts'
import type { Environment } from '../settings/env-file.ts'
import { SETTINGS, type Settings, WEBHOOK_PREFIX } from '../settings/table.ts'
import { pagerVariables, type SecretPager } from './pager-keys.ts'
import type { CodedProblem, Found, SecretChannel, SecretSource } from './secret-source.ts'
import { sourceVariables } from './source-secrets.ts'

/** `TEAMS_WEBHOOK_SRE` for the channel `sre`. */
export function webhookSetting(channelKey: string): string {
  return `${WEBHOOK_PREFIX}${channelKey.toUpperCase()}`
}

/** `TEAMS_WEBHOOK_SRE_FILE` for the channel `sre`. */
export function webhookFileSetting(channelKey: string): string {
  return `${webhookSetting(channelKey)}_FILE`
}

/** The trimmed text of a variable. Undefined for an empty one, which counts as not set, as for every other setting. */
export function textOf(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim()
  return text === '' ? undefined : text
}

/**
 * Source of the webhook URLs, signing secrets, keys of the audit trail and the archive, and secrets of pagers and sources in
 * environment variables. They do not change while the process runs.
 */
export function environmentSource(
  settings: Settings,
  env: Environment,
  channels: readonly SecretChannel[],
  pagers: readonly SecretPager[] = [],
  sourceNames: readonly string[] = [],
): SecretSource {
  const webhooks = new Map<string, Found>()
  for (const { key } of channels) {
    const at = webhookSetting(key)
    const value = textOf(env, at)
    if (value !== undefined) webhooks.set(key, { at, value })
  }
  const readSigning = (at: 'TEAMS_HMAC_SECRET_KEY' | 'TEAMS_HMAC_SECRET_KEY_PREVIOUS'): Found | undefined =>
    settings[at] === undefined ? undefined : { at, value: settings[at] }
  const signing = {
    current: readSigning('TEAMS_HMAC_SECRET_KEY'),
    previous: readSigning('TEAMS_HMAC_SECRET_KEY_PREVIOUS'),
  }
  const { TEAMS_AUDIT_KEY, TEAMS_ARCHIVE_KEYS } = settings
  const auditKeys = TEAMS_AUDIT_KEY === undefined ? undefined : { at: 'TEAMS_AUDIT_KEY', value: TEAMS_AUDIT_KEY }
  const archiveKeys =
    TEAMS_ARCHIVE_KEYS === undefined ? undefined : { at: 'TEAMS_ARCHIVE_KEYS', value: TEAMS_ARCHIVE_KEYS }
  return {
    kind: 'environment',
    name: 'environment',
    read: async () => ({
      webhooks,
      signing,
      auditKeys,
      archiveKeys,
      pagers: pagerVariables(env, pagers),
      sourceSecrets: sourceVariables(env, sourceNames),
      problems: [],
    }),
    close() {},
  }
}

/** A problem for each webhook variable of a channel that does not exist: most often a typing error. */
export function unknownVariables(env: Environment, channels: readonly SecretChannel[]): CodedProblem[] {
  const names = channels.map(({ key }) => webhookSetting(key))
  const known = new Set([...names, ...channels.map(({ key }) => webhookFileSetting(key))])
  return Object.keys(env)
    .filter((name) => name.startsWith(WEBHOOK_PREFIX) && !(name in SETTINGS) && !known.has(name))
    .filter((name) => textOf(env, name) !== undefined)
    .map((name) => {
      const near = nearestName(known, name)
      return {
        code: 'invalid_settings',
        at: name,
        found: 'a webhook URL for a channel that there is not',
        expected: near ? `perhaps ${near}` : `one of: ${names.join(', ')}`,
      }
    })
}
