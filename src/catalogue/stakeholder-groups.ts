/** A group of people, the names it goes by, and the channel that it reads. */
export interface GroupDefinition {
  /** Display names that are accepted besides the key, in any letter case. The first is shown. */
  readonly names: readonly string[]
  /** Keys of the channels that it reads. */
  readonly channels: readonly string[]
}

/** The eight groups of the platform, by key. The keys are also the channels' keys and the fields in Vault. */
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
 * export const tell: readonly StakeholderGroup[] = ['Security Eng.', 'sre', 'Laboratory']
 * ```
 */
export type StakeholderGroup =
  | StakeholderKey
  | (typeof STAKEHOLDER_GROUPS)[StakeholderKey]['names'][number]
  | (string & {})

/** The Teams channels that the built-in groups read, by channel key. */
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
