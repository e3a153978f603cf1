/** A stakeholder group: its display names and its channels. */
export interface GroupDefinition {
  /** Display names, accepted besides the key and in any letter case. The first is shown. */
  readonly names: readonly string[]
  /** Keys of the group's channels. */
  readonly channels: readonly string[]
}

/** The eight built-in groups, by key. The keys are also those of the built-in channels, and the field names in Vault. */
export const STAKEHOLDER_GROUPS = {
  security_eng: { names: ['Security Eng.', 'Security Engineering'], channels: ['security_eng'] },
  cloudops: { names: ['CloudOps'], channels: ['cloudops'] },
  runtime_eng: { names: ['Runtime Eng.', 'Runtime Engineering'], channels: ['runtime_eng'] },
  devops: { names: ['DevOps'], channels: ['devops'] },
  sre: { names: ['SRE'], channels: ['sre'] },
  compliance: { names: ['Compliance Office', 'Compliance'], channels: ['compliance'] },
  nphies_integration: { names: ['Integration Team', 'NPHIES Integration'], channels: ['nphies_integration'] },
  pmo: { names: ['PMO'], channels: ['pmo'] },
} as const satisfies Record<string, GroupDefinition>

/** Key of a built-in stakeholder group. */
export type StakeholderKey = keyof typeof STAKEHOLDER_GROUPS

/**
 * A stakeholder group, by display name (`Security Eng.`) or key (`security_eng`): one of the eight built-in groups, which an
 * editor completes, or any text that names a group of your own configuration file. Letter case does not matter. The
 * compiler takes any text; a name that no group has is refused with `invalid_event` when the event is sent.
 *
 * @example
 * ```ts
 * import type { StakeholderGroup } from 'claimlinc-teams'
 *
 * export const recipients: readonly StakeholderGroup[] = ['Security Eng.', 'sre', 'Laboratory']
 * ```
 */
export type StakeholderGroup =
  | StakeholderKey
  | (typeof STAKEHOLDER_GROUPS)[StakeholderKey]['names'][number]
  | (string & {})

/** Names of the built-in channels, by key. */
export const DEFAULT_CHANNEL_NAMES = {
  security_eng: '#security-alerts',
  cloudops: '#cloudops-alerts',
  runtime_eng: '#runtime-alerts',
  devops: '#devops-alerts',
  sre: '#sre-alerts',
  compliance: '#compliance-notifications',
  nphies_integration: '#nphies-integration',
  pmo: '#pmo-updates',
} as const satisfies Record<StakeholderKey, string>
