import type { ArchiveKey } from '../contract/archive-keys.ts'
import type { Signer } from '../contract/note-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { createSources } from './choose-sources.ts'
import { unknownVariables } from './environment.ts'
import {
  type CheckedPagerKeys,
  checkPagerKeys,
  type SecretPager,
  unknownPagerFields,
  unknownPagerVariables,
} from './pager-keys.ts'
import type { CodedProblem, SecretChannel, SecretWarning } from './secret-source.ts'
import {
  type CheckedSourceSecrets,
  checkSourceSecrets,
  unknownSourceFields,
  unknownSourceVariables,
} from './source-secrets.ts'
import { publicSuffixes, unknownKeys, validateReading } from './validate.ts'

/** The result of one read of every source, without any secret value. */
export interface SecretsReport {
  /** Where each channel's webhook URL comes from: a setting, or a path and field; undefined without a usable URL. */
  readonly channels: readonly { readonly key: string; readonly at: string | undefined }[]
  /** Where the signing secret comes from; undefined where the gateway would generate one. */
  readonly signingAt: string | undefined
  /** The keys that sign the audit trail, the current one first; empty where none can be used. */
  readonly auditSigners: readonly Signer[]
  /** Where the audit keys come from; undefined where none is set. */
  readonly auditKeysAt: string | undefined
  /** The keys of the archive, the newest first; empty where none can be used. */
  readonly archiveKeys: readonly ArchiveKey[]
  /** Where the archive keys come from; undefined where none is set. */
  readonly archiveKeysAt: string | undefined
  /** The keys of pagers, and their webhook secrets. */
  readonly pagerKeys: CheckedPagerKeys
  /** The secrets of the configuration's sources. */
  readonly sourceSecrets: CheckedSourceSecrets
  /** The sources that were read, each by its setting, and whether reading succeeded. */
  readonly sources: readonly { readonly name: string; readonly ok: boolean }[]
  /** Problems that refuse the start, each with the error code that it would have alone. */
  readonly problems: readonly CodedProblem[]
  /** Values that are used, but most likely by mistake. */
  readonly warnings: readonly SecretWarning[]
}

/** Reads every source once and reports all problems, without starting timers. For `doctor`. Never throws. */
export async function checkSecrets(options: {
  readonly settings: Settings
  readonly env: Environment
  readonly channels: readonly SecretChannel[]
  /** None if absent. */
  readonly pagers?: readonly SecretPager[]
  /** Names of the section `sources` of the configuration; none if absent. */
  readonly sourceNames?: readonly string[]
  readonly clock: Clock
}): Promise<SecretsReport> {
  const { settings, env, channels, pagers = [], sourceNames = [], clock } = options
  const sources = createSources(settings, env, channels, clock, { includeOverridden: true, pagers, sourceNames })
  const results = await Promise.all(
    sources.map(async (source) => {
      const reading = await source.read()
      source.close()
      return { name: source.name, reading }
    }),
  )
  const check = validateReading(
    results.map(({ reading }) => reading),
    channels,
    settings,
  )
  const pagerKeys = checkPagerKeys(
    results.map(({ reading }) => reading),
    pagers,
  )
  const sourceSecrets = checkSourceSecrets(
    results.map(({ reading }) => reading),
    sourceNames,
  )
  return {
    pagerKeys,
    sourceSecrets,
    channels: channels.map(({ key }) => ({ key, at: check.webhooks.get(key)?.at })),
    signingAt: check.signing.length > 0 ? check.signingAt : undefined,
    auditSigners: check.auditSigners,
    auditKeysAt: check.auditKeysAt,
    archiveKeys: check.archiveKeys,
    archiveKeysAt: check.archiveKeysAt,
    sources: results.map(({ name, reading }) => ({ name, ok: reading.problems.length === 0 })),
    warnings: check.warnings,
    problems: [
      ...(await publicSuffixes(settings)),
      ...unknownVariables(env, channels),
      ...unknownPagerVariables(env, pagers),
      ...unknownSourceVariables(env, sourceNames),
      ...results.flatMap(({ reading }) =>
        reading.problems.map((problem): CodedProblem => ({ ...problem, code: 'secrets_unreachable' })),
      ),
      ...check.problems,
      ...pagerKeys.problems,
      ...sourceSecrets.problems,
      ...results.flatMap(({ reading }) => [
        ...unknownKeys(reading, channels),
        ...unknownPagerFields(reading, pagers),
        ...unknownSourceFields(reading, sourceNames),
      ]),
    ],
  }
}
