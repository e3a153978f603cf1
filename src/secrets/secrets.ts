import { randomBytes } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { createComplaints } from './complaints.ts'
import { strangeVariables } from './environment.ts'
import type { CodedProblem, Reading, SecretChannel, SecretSource } from './source.ts'
import { sourcesOf } from './sources.ts'
import { mergeReading, publicSuffixes, type ReadingCheck, unknownKeys, validateReading } from './validate.ts'

/** Milliseconds until the next look after one that failed, where TEAMS_VAULT_REFRESH is not shorter still. */
const LOOK_AGAIN = 5_000

/** The secrets as they stand now; each look may find newer ones. */
export interface Secrets {
  /** The webhook URL of a channel; undefined where none is set. */
  webhook(channelKey: string): Secret | undefined
  /** Keys of all channels that have a webhook URL. */
  webhookKeys(): readonly string[]
  /** Secrets that sign, the current one first; at least one, at most two. */
  signingSecrets(): readonly Secret[]
  /** True while the signing secret is one that was made at start because none was set. */
  readonly signingSecretIsMadeUp: boolean
  /** Calls `listener` after a change, with the keys of the channels whose URL changed; returns how to stop that. */
  onChange(listener: (changedChannels: readonly string[]) => void): () => void
  close(): Promise<void>
}

/** What the secrets are made from. */
export interface SecretsOptions {
  readonly settings: Settings
  /** Webhook URLs are not among the settings, since their names follow the channels. */
  readonly env: Environment
  readonly channels: readonly SecretChannel[]
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  /** Origin of the sandbox, whose addresses are then fine. */
  readonly allowSandbox?: string | undefined
}

/**
 * Webhook URLs and signing secrets from the environment, files and Vault, looked at again every
 * TEAMS_VAULT_REFRESH seconds.
 *
 * At start, what is wrong with the values, the variables' names and the files refuses the start, all at once. A Vault
 * that does not answer does not: the gateway accepts events, which wait for their address. A later look that fails,
 * or finds an address that can not be used, changes nothing but the log.
 *
 * @throws GatewayError `webhook_placeholder`, `webhook_retired`, `webhook_invalid`, `invalid_settings` or
 * `secrets_unreachable` (a file), with the problems of all of these
 */
export async function createSecrets(options: SecretsOptions): Promise<Secrets> {
  const { settings, env, channels, log, metrics, clock, allowSandbox } = options
  const sources = sourcesOf(settings, env, channels, clock)
  const complaints = createComplaints(log)
  const listeners = new Set<(changedChannels: readonly string[]) => void>()
  const refreshMs = settings.TEAMS_VAULT_REFRESH * 1000
  const last = new Map<SecretSource, Reading>()
  const reportedUnknown = new Set<string>()
  const reportedDoubts = new Set<string>()
  let webhooks: ReadonlyMap<string, Secret> = new Map()
  let signing: readonly Secret[] = [madeUpSecret()]
  let isMadeUp = true
  let stopTimer = () => {}
  let looking: Promise<void> = Promise.resolve()
  let closed = false

  /** Reads all sources once; where one can not be read, what it gave before stays. */
  async function look(): Promise<readonly { source: SecretSource; reading: Reading }[]> {
    const looked = await Promise.all(sources.map(async (source) => ({ source, reading: await source.read() })))
    for (const { source, reading } of looked) {
      last.set(source, mergeReading(last.get(source), reading))
      if (reading.problems.length > 0 && !closed)
        metrics.count('teams_secrets_refresh_failures_total', { source: source.kind })
    }
    return looked
  }

  function judgeLast(): ReadingCheck {
    const readings = sources.map((source) => last.get(source)).filter((reading) => reading !== undefined)
    return validateReading(readings, channels, settings, allowSandbox)
  }

  function reportUnreadable({ source, reading }: { source: SecretSource; reading: Reading }) {
    complaints.report('secrets_refresh_failed', source.name, 'secrets_unreachable', reading.problems)
  }

  function reportUnknownKeys({ reading }: { reading: Reading }) {
    for (const { at, expected } of unknownKeys(reading, channels)) {
      if (reportedUnknown.has(at)) continue
      reportedUnknown.add(at)
      log.write('webhook_channel_unknown', { at, expected })
    }
  }

  function reportDoubts({ doubts }: ReadingCheck) {
    for (const { channel, at, found, todo } of doubts) {
      const key = `${at} ${found}`
      if (reportedDoubts.has(key)) continue
      reportedDoubts.add(key)
      log.write('webhook_questionable', { channel, at, found, todo })
    }
  }

  /** Takes what can be used; for what can not, the old value stays. Returns the channels whose URL changed, if anything did. */
  function take(judgement: ReadingCheck): readonly string[] | undefined {
    const next = new Map<string, Secret>()
    const changed: string[] = []
    for (const { key } of channels) {
      const old = webhooks.get(key)
      const found = judgement.refused.has(key) ? old : judgement.webhooks.get(key)?.secret
      const now = found && old?.equals(found) ? old : found
      if (now) next.set(key, now)
      if (now !== old) changed.push(key)
    }
    webhooks = next
    const differs =
      judgement.signing.length > 0 &&
      (judgement.signing.length !== signing.length ||
        judgement.signing.some((secret, index) => !secret.equals(signing[index])))
    if (differs) {
      signing = judgement.signing
      isMadeUp = false
    }
    return changed.length > 0 || differs ? changed : undefined
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

  async function lookAgain() {
    const looked = await look()
    if (closed) return
    const failed = looked.filter(({ reading }) => reading.problems.length > 0)
    failed.forEach(reportUnreadable)
    looked.forEach(reportUnknownKeys)
    const judgement = judgeLast()
    for (const { code, ...problem } of judgement.problems)
      complaints.report('secret_refused', problem.at, code, [problem])
    complaints.reportRecovered(
      new Set([...failed.map(({ source }) => source.name), ...judgement.problems.map(({ at }) => at)]),
    )
    reportDoubts(judgement)
    const changed = take(judgement)
    if (changed) {
      log.write('secrets_changed', { channels: changed })
      notifyListeners(changed)
    }
    schedule(failed.length > 0)
  }

  function schedule(soon: boolean) {
    if (closed || sources.every((source) => source.kind === 'environment')) return
    stopTimer = clock.after(soon ? Math.min(refreshMs, LOOK_AGAIN) : refreshMs, () => {
      looking = lookAgain().catch((error: unknown) => {
        log.write('secrets_refresh_crashed', { err: error })
        schedule(true)
      })
    })
  }

  const first = await look()
  const files = first.filter(({ source }) => source.kind === 'file').map(({ reading }) => reading)
  const others = first.filter(({ source }) => source.kind !== 'file')
  const judgement = judgeLast()
  const wrong: CodedProblem[] = [
    ...(await publicSuffixes(settings)),
    ...strangeVariables(env, channels),
    ...files.flatMap(({ problems }) =>
      problems.map((problem) => ({ ...problem, code: 'secrets_unreachable' as const })),
    ),
    ...files.flatMap((reading) => unknownKeys(reading, channels)),
    ...judgement.problems,
  ]
  if (wrong[0]) {
    for (const source of sources) source.close()
    throw new GatewayError(
      wrong[0].code,
      wrong.map(({ at, found, expected }) => ({ at, found, expected })),
    )
  }
  const unreadable = others.filter(({ reading }) => reading.problems.length > 0)
  unreadable.forEach(reportUnreadable)
  others.forEach(reportUnknownKeys)
  reportDoubts(judgement)
  if (settings.VAULT_ADDR !== undefined && settings.TEAMS_HMAC_SECRET_KEY !== undefined)
    log.write('vault_signing_secret_unused', {
      at: 'TEAMS_HMAC_SECRET_KEY',
      path: settings.TEAMS_HMAC_VAULT_PATH,
    })
  take(judgement)
  schedule(unreadable.length > 0)

  return {
    webhook: (channelKey) => webhooks.get(channelKey),
    webhookKeys: () => [...webhooks.keys()],
    signingSecrets: () => signing,
    get signingSecretIsMadeUp() {
      return isMadeUp
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
      await looking
    },
  }
}

/** A signing secret for a gateway that was given none. No receiver can know it. */
function madeUpSecret(): Secret {
  return new Secret(randomBytes(32).toString('hex'))
}
