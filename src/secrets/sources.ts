import type { Clock } from '../kernel/clock.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { environmentSource, textOf, webhookFileSetting } from './environment.ts'
import { webhookFileSource, webhooksFileSource } from './file.ts'
import type { SecretChannel, SecretSource } from './source.ts'
import { vaultSource } from './vault/source.ts'

/**
 * Where to look, in this order; what is found first for a channel counts.
 *
 * @param options.askAll also for what would not be used, so that it can be compared
 */
export function sourcesOf(
  settings: Settings,
  env: Environment,
  channels: readonly SecretChannel[],
  clock: Clock,
  options: { readonly askAll?: boolean } = {},
): SecretSource[] {
  const sources = [environmentSource(settings, env, channels)]
  for (const { key } of channels) {
    const file = textOf(env, webhookFileSetting(key))
    if (file !== undefined) sources.push(webhookFileSource(webhookFileSetting(key), file, key))
  }
  if (settings.TEAMS_WEBHOOKS_FILE !== undefined) sources.push(webhooksFileSource(settings.TEAMS_WEBHOOKS_FILE))
  if (settings.VAULT_ADDR !== undefined) sources.push(vaultSource(settings.VAULT_ADDR, settings, clock, options))
  return sources
}
