import type { Clock } from '../kernel/clock.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { environmentSource, textOf, webhookFileSetting } from './environment.ts'
import {
  archiveKeysFileSource,
  auditKeyFileSource,
  pagersFileSource,
  sourceSecretsFileSource,
  webhookFileSource,
  webhooksFileSource,
} from './file.ts'
import type { SecretPager } from './pager-keys.ts'
import type { SecretChannel, SecretSource } from './secret-source.ts'
import { vaultSource } from './vault/secret-source.ts'

/**
 * Makes all sources that the settings name, in order of precedence: the first value found for a channel is used.
 *
 * @param options.includeOverridden also reads values that the environment overrides, so that `doctor` can compare them
 */
export function createSources(
  settings: Settings,
  env: Environment,
  channels: readonly SecretChannel[],
  clock: Clock,
  options: {
    readonly includeOverridden?: boolean
    readonly pagers?: readonly SecretPager[]
    /** Names of the section `sources` of the configuration. */
    readonly sourceNames?: readonly string[]
  } = {},
): SecretSource[] {
  const sources = [environmentSource(settings, env, channels, options.pagers, options.sourceNames)]
  for (const { key } of channels) {
    const file = textOf(env, webhookFileSetting(key))
    if (file !== undefined) sources.push(webhookFileSource(webhookFileSetting(key), file, key))
  }
  if (settings.TEAMS_WEBHOOKS_FILE !== undefined) sources.push(webhooksFileSource(settings.TEAMS_WEBHOOKS_FILE))
  if (settings.TEAMS_PAGERS_FILE !== undefined) sources.push(pagersFileSource(settings.TEAMS_PAGERS_FILE))
  if (settings.TEAMS_SOURCES_FILE !== undefined) sources.push(sourceSecretsFileSource(settings.TEAMS_SOURCES_FILE))
  if (settings.TEAMS_AUDIT_KEY_FILE !== undefined) sources.push(auditKeyFileSource(settings.TEAMS_AUDIT_KEY_FILE))
  if (settings.TEAMS_ARCHIVE_KEYS_FILE !== undefined)
    sources.push(archiveKeysFileSource(settings.TEAMS_ARCHIVE_KEYS_FILE))
  if (settings.VAULT_ADDR !== undefined) sources.push(vaultSource(settings.VAULT_ADDR, settings, clock, options))
  return sources
}
