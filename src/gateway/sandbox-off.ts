import type { Settings } from '../settings/table.ts'

/**
 * Why the sandbox does not replace Teams for channels without a webhook URL; undefined if it does. TEAMS_SANDBOX decides. With
 * `auto`, the sandbox is off if real channels are expected: a webhook URL, a file or Vault path for webhook URLs, or a database
 * that has sent cards to Teams. In that database, a replica started without its webhook URLs would otherwise send the backlog
 * to the sandbox and record it as accepted.
 *
 * The wiring acts by this rule, and `doctor` reports it.
 *
 * @param hasWebhookUrl true if a channel has a usable webhook URL
 * @param sentToTeams reads from the database whether its cards went to real channels; called only if nothing else decides
 */
export async function whySandboxIsOff(
  settings: Pick<Settings, 'TEAMS_SANDBOX' | 'TEAMS_WEBHOOK_VAULT_PATH' | 'TEAMS_WEBHOOKS_FILE'>,
  hasWebhookUrl: boolean,
  sentToTeams: () => Promise<boolean>,
): Promise<string | undefined> {
  if (settings.TEAMS_SANDBOX !== 'auto') return settings.TEAMS_SANDBOX === 'on' ? undefined : 'TEAMS_SANDBOX=off'
  if (hasWebhookUrl) return 'another channel has a webhook URL'
  for (const name of ['TEAMS_WEBHOOK_VAULT_PATH', 'TEAMS_WEBHOOKS_FILE'] as const)
    if (settings[name] !== undefined) return `${name} is set`
  return (await sentToTeams()) ? 'cards of this database went to real channels' : undefined
}
