/** A group of people, the names it goes by, and the channel that it reads. */
export interface StakeholderGroup {
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
} as const satisfies Record<string, StakeholderGroup>

/** Key of a built-in stakeholder group. */
export type StakeholderKey = keyof typeof STAKEHOLDER_GROUPS

/** Key or display name of a built-in stakeholder group. */
export type StakeholderName = StakeholderKey | (typeof STAKEHOLDER_GROUPS)[StakeholderKey]['names'][number]

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
