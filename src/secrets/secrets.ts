import { randomBytes } from 'node:crypto'
import type { ArchiveKey } from '../contract/archive-keys.ts'
import type { Signer } from '../contract/note-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { sameArchiveKeys } from './archive-keys.ts'
import { createSources } from './choose-sources.ts'
import { unknownVariables } from './environment.ts'
import {
  appliedPagerKeys,
  type CheckedPagerKeys,
  checkPagerKeys,
  NO_PAGER_KEYS,
  type SecretPager,
  samePagerKeys,
  unknownPagerFields,
  unknownPagerVariables,
} from './pager-keys.ts'
import { createProblemLog } from './problem-log.ts'
import type { CodedProblem, Reading, SecretChannel, SecretSource } from './secret-source.ts'
import {
  appliedSourceSecrets,
  type CheckedSourceSecrets,
  checkSourceSecrets,
  NO_SOURCE_SECRETS,
  sameSourceSecrets,
  unknownSourceFields,
  unknownSourceVariables,
} from './source-secrets.ts'
import { mergeReading, publicSuffixes, type ReadingCheck, unknownKeys, validateReading } from './validate.ts'

/** Pause before the refresh that follows a failed one, unless TEAMS_VAULT_REFRESH is shorter. */
const RETRY_MS = 5_000

/** The secrets as of the last refresh. */
export interface Secrets {
  /** The webhook URL of a channel; undefined where none is set. */
  webhook(channelKey: string): Secret | undefined
  /** Keys of all channels that have a webhook URL. */
  webhookKeys(): readonly string[]
  /** One or two signing secrets, the current one first. */
  signingSecrets(): readonly Secret[]
  /** Keys that sign the audit trail, at most two, the current one first; empty where none is set. */
  auditSigners(): readonly Signer[]
  /** Keys of the archive, the newest first; empty where none is set. */
  archiveKeys(): readonly ArchiveKey[]
  /** The integration key of a pager; undefined where none is set. */
  pagerKey(name: string): Secret | undefined
  /** The secrets with which a pager's webhooks may be signed; empty where none is set. */
  pagerWebhookSecrets(name: string): readonly Secret[]
  /** The secret of a source of the configuration; undefined where none is set. */
  sourceSecret(name: string): Secret | undefined
  /** True while the signing secret is the one generated at start because none was configured. */
  readonly signingSecretIsMadeUp: boolean
  /** Calls `listener` after a change, with the keys of the channels whose URL changed; returns the unsubscribe function. */
  onChange(listener: (changedChannels: readonly string[]) => void): () => void
  close(): Promise<void>
}

/** Options of {@link createSecrets}. */
export interface SecretsOptions {
  readonly settings: Settings
  /** Needed beside the settings: the names of webhook variables depend on the channels. */
  readonly env: Environment
  readonly channels: readonly SecretChannel[]
  /** None if absent. */
  readonly pagers?: readonly SecretPager[]
  /** Names of the section `sources` of the configuration; none if absent. */
  readonly sourceNames?: readonly string[]
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
}

/**
 * Reads webhook URLs, signing secrets, and keys of audit trail and archive from the environment, files and Vault, and refreshes
 * them every TEAMS_VAULT_REFRESH seconds.
 *
 * Problems with values, variable names and files refuse the start, all reported at once. An unreachable Vault does not:
 * the gateway accepts events, and their notifications wait for an address. A later refresh that fails, or that finds an
 * unusable address, only logs; the old values stay in use.
 *
 * @throws GatewayError `webhook_placeholder`, `webhook_retired`, `webhook_invalid`, `invalid_settings` or
 * `secrets_unreachable` (a file), with all problems
 */
export async function createSecrets(options: SecretsOptions): Promise<Secrets> {
  const { settings, env, channels, pagers = [], sourceNames = [], log, metrics, clock } = options
  const sources = createSources(settings, env, channels, clock, { pagers, sourceNames })
  const problemLog = createProblemLog(log)
  const listeners = new Set<(changedChannels: readonly string[]) => void>()
  const refreshMs = settings.TEAMS_VAULT_REFRESH * 1000
  const last = new Map<SecretSource, Reading>()
  const reportedUnknown = new Set<string>()
  const reportedWarnings = new Set<string>()
  let webhooks: ReadonlyMap<string, Secret> = new Map()
  let signing: readonly Secret[] = [generateSecret()]
  let isGenerated = true
  let auditSigners: readonly Signer[] = []
  let archiveKeys: readonly ArchiveKey[] = []
  let pagerKeys = NO_PAGER_KEYS
  let sourceSecrets = NO_SOURCE_SECRETS
  let stopTimer = () => {}
  let refreshing: Promise<void> = Promise.resolve()
  let closed = false

  /** Reads all sources once. The last reading completes one that fails. */
  async function readSources(): Promise<readonly { source: SecretSource; reading: Reading }[]> {
    const results = await Promise.all(sources.map(async (source) => ({ source, reading: await source.read() })))
    for (const { source, reading } of results) {
      last.set(source, mergeReading(last.get(source), reading))
      if (reading.problems.length > 0 && !closed)
        metrics.count('teams_secrets_refresh_failures_total', { source: source.kind })
    }
    return results
  }

  const lastReadings = () => sources.map((source) => last.get(source)).filter((reading) => reading !== undefined)

  /** Checks what was read. */
  function validateLast(): ReadingCheck & {
    readonly pagerKeys: CheckedPagerKeys
    readonly sourceSecrets: CheckedSourceSecrets
  } {
    const checkedKeys = checkPagerKeys(lastReadings(), pagers)
    const checkedSecrets = checkSourceSecrets(lastReadings(), sourceNames)
    const check = validateReading(lastReadings(), channels, settings)
    const problems = [...check.problems, ...checkedKeys.problems, ...checkedSecrets.problems]
    return { ...check, pagerKeys: checkedKeys, sourceSecrets: checkedSecrets, problems }
  }

  function reportUnreadable({ source, reading }: { source: SecretSource; reading: Reading }) {
    problemLog.report('secrets_refresh_failed', source.name, 'secrets_unreachable', reading.problems)
  }

  const unknownFields = (reading: Reading) => [
    ...unknownKeys(reading, channels),
    ...unknownPagerFields(reading, pagers),
    ...unknownSourceFields(reading, sourceNames),
  ]

  function reportUnknownKeys({ reading }: { reading: Reading }) {
    for (const { at, expected } of unknownFields(reading)) {
      if (reportedUnknown.has(at)) continue
      reportedUnknown.add(at)
      log.write('webhook_channel_unknown', { at, expected })
    }
  }

  function reportWarnings({ warnings }: ReadingCheck) {
    for (const { channel, at, found, todo } of warnings) {
      const key = `${at} ${found}`
      if (reportedWarnings.has(key)) continue
      reportedWarnings.add(key)
      log.write('webhook_questionable', { channel, at, found, todo })
    }
  }

  /**
   * Applies usable values; a refused value leaves the old one in use. Returns the channels whose URL changed, an empty
   * list where only signing secrets, keys, or secrets of pagers or sources changed, undefined without a change.
   */
  function apply(check: ReturnType<typeof validateLast>): readonly string[] | undefined {
    const next = new Map<string, Secret>()
    const changed: string[] = []
    for (const { key } of channels) {
      const old = webhooks.get(key)
      const found = check.refused.has(key) ? old : check.webhooks.get(key)?.secret
      const now = found && old?.equals(found) ? old : found
      if (now) next.set(key, now)
      if (now !== old) changed.push(key)
    }
    webhooks = next
    const differs =
      check.signing.length > 0 &&
      (check.signing.length !== signing.length || check.signing.some((secret, index) => !secret.equals(signing[index])))
    if (differs) {
      signing = check.signing
      isGenerated = false
    }
    // A text with a wrong key, as during a rotation, leaves the keys before in use.
    const rotated = check.auditSigners.length > 0 && keyIds(check.auditSigners) !== keyIds(auditSigners)
    if (rotated) auditSigners = check.auditSigners
    const otherArchiveKeys = check.archiveKeys.length > 0 && !sameArchiveKeys(check.archiveKeys, archiveKeys)
    if (otherArchiveKeys) archiveKeys = check.archiveKeys
    const pagerKeysBefore = pagerKeys
    pagerKeys = appliedPagerKeys(pagerKeysBefore, check.pagerKeys)
    const sourceSecretsBefore = sourceSecrets
    sourceSecrets = appliedSourceSecrets(sourceSecretsBefore, check.sourceSecrets)
    const sameKeys = samePagerKeys(pagerKeysBefore, pagerKeys) && sameSourceSecrets(sourceSecretsBefore, sourceSecrets)
    const isSame = changed.length === 0 && !differs && !rotated && !otherArchiveKeys && sameKeys
    return isSame ? undefined : changed
  }

  function notifyListeners(changed: readonly string[]) {
    for (const listener of listeners) {
      try {
        listener(changed)
      } catch (error) {
        log.write('secrets_listener_failed', { err: error })
      }
    }
  }

  async function refresh() {
    const results = await readSources()
    if (closed) return
    const failed = results.filter(({ reading }) => reading.problems.length > 0)
    failed.forEach(reportUnreadable)
    results.forEach(reportUnknownKeys)
    const check = validateLast()
    for (const { code, ...problem } of check.problems) problemLog.report('secret_refused', problem.at, code, [problem])
    problemLog.reportRecovered(
      new Set([...failed.map(({ source }) => source.name), ...check.problems.map(({ at }) => at)]),
    )
    reportWarnings(check)
    const changed = apply(check)
    if (changed) {
      log.write('secrets_changed', { channels: changed })
      notifyListeners(changed)
    }
    schedule(failed.length > 0)
  }

  function schedule(afterFailure: boolean) {
    if (closed || sources.every((source) => source.kind === 'environment')) return
    stopTimer = clock.after(afterFailure ? Math.min(refreshMs, RETRY_MS) : refreshMs, () => {
      refreshing = refresh().catch((error: unknown) => {
        log.write('secrets_refresh_crashed', { err: error })
        schedule(true)
      })
    })
  }

  const first = await readSources()
  const files = first.filter(({ source }) => source.kind === 'file').map(({ reading }) => reading)
  const others = first.filter(({ source }) => source.kind !== 'file')
  const check = validateLast()
  const problems: CodedProblem[] = [
    ...(await publicSuffixes(settings)),
    ...unknownVariables(env, channels),
    ...unknownPagerVariables(env, pagers),
    ...unknownSourceVariables(env, sourceNames),
    ...files.flatMap((reading) =>
      reading.problems.map((problem) => ({ ...problem, code: 'secrets_unreachable' as const })),
    ),
    ...files.flatMap(unknownFields),
    ...check.problems,
  ]
  if (problems[0]) {
    for (const source of sources) source.close()
    throw new GatewayError(
      problems[0].code,
      problems.map(({ at, found, expected }) => ({ at, found, expected })),
    )
  }
  const unreadable = others.filter(({ reading }) => reading.problems.length > 0)
  unreadable.forEach(reportUnreadable)
  others.forEach(reportUnknownKeys)
  reportWarnings(check)
  if (settings.VAULT_ADDR !== undefined && settings.TEAMS_HMAC_SECRET_KEY !== undefined)
    log.write('vault_signing_secret_unused', {
      at: 'TEAMS_HMAC_SECRET_KEY',
      path: settings.TEAMS_HMAC_VAULT_PATH,
    })
  apply(check)
  schedule(unreadable.length > 0)

  return {
    webhook: (channelKey) => webhooks.get(channelKey),
    webhookKeys: () => [...webhooks.keys()],
    signingSecrets: () => signing,
    auditSigners: () => auditSigners,
    archiveKeys: () => archiveKeys,
    pagerKey: (name) => pagerKeys.keys.get(name)?.secret,
    pagerWebhookSecrets: (name) => pagerKeys.webhookSecrets.get(name) ?? [],
    sourceSecret: (name) => sourceSecrets.secrets.get(name)?.secret,
    get signingSecretIsMadeUp() {
      return isGenerated
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
      stopTimer()
      listeners.clear()
      for (const source of sources) source.close()
      await refreshing
    },
  }
}

function keyIds(signers: readonly Signer[]): string {
  return signers.map(({ name, keyId }) => `${name} ${keyId}`).join()
}

/** Generates the signing secret of a gateway without a configured one. No receiver can know it. */
function generateSecret(): Secret {
  return new Secret(randomBytes(32).toString('hex'))
}
