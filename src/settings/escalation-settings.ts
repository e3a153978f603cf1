import { parseApiToken } from './api-tokens.ts'
import { oneOf, type SettingRow } from './schemas.ts'

/** Whether events climb. */
export const ESCALATION_SETTINGS = {
  TEAMS_ESCALATION: {
    group: 'Escalation',
    schema: oneOf(['auto', 'on', 'off']),
    default: 'auto',
    help: 'Whether events that nobody acknowledges climb by the policies of the configuration file, or the built-in ones. With auto they do where somebody can acknowledge: on a page behind a button (TEAMS_PUBLIC_URL), or through a relay whose token in TEAMS_API_TOKENS has the scope act. Each process decides for the events that it accepts, so set on or off where their settings differ; tiers are called by every process that delivers, unless it has off.',
  },
} as const satisfies Record<string, SettingRow>

/** True where events climb: policies without anybody who can acknowledge would call every tier for every event. */
export function escalationIsOn(settings: {
  readonly TEAMS_ESCALATION: 'auto' | 'on' | 'off'
  readonly TEAMS_PUBLIC_URL?: string | undefined
  readonly TEAMS_API_TOKENS?: readonly string[] | undefined
}): boolean {
  if (settings.TEAMS_ESCALATION !== 'auto') return settings.TEAMS_ESCALATION === 'on'
  if (settings.TEAMS_PUBLIC_URL !== undefined) return true
  return (settings.TEAMS_API_TOKENS ?? []).some((entry) => parseApiToken(entry)?.scopes.has('act') === true)
}
