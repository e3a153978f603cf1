import type { ArchiveKey } from '../contract/archive-keys.ts'
import type { Signer } from '../contract/note-keys.ts'
import { describeValue } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { Secret } from '../kernel/secret.ts'
import { SETTINGS, type Settings } from '../settings/table.ts'
import { bareSuffix, checkAddress, warnAboutAddress } from '../transports/address.ts'
import { checkArchiveKeys } from './archive-keys.ts'
import { checkAuditKeys } from './audit-keys.ts'
import type { CodedProblem, Found, FoundSigning, Reading, SecretChannel, SecretWarning } from './secret-source.ts'

/** The result of checking the readings: usable values, refused ones, problems and warnings. */
export interface ReadingCheck {
  /** Usable webhook URLs and their places, by channel key. */
  readonly webhooks: ReadonlyMap<string, { readonly at: string; readonly secret: Secret }>
  /** Channels whose webhook URL was found and can not be used. */
  readonly refused: ReadonlySet<string>
  /** At most two secrets, the current one first; empty where none was found. */
  readonly signing: readonly Secret[]
  /** Where the current signing secret comes from. */
  readonly signingAt: string | undefined
  /** Keys that sign the audit trail, at most two, the current one first; empty where none was found or one is refused. */
  readonly auditSigners: readonly Signer[]
  /** Where the audit keys come from. */
  readonly auditKeysAt: string | undefined
  /** Keys of the archive, the newest first; empty where none was found or one is refused. */
  readonly archiveKeys: readonly ArchiveKey[]
  /** Where the archive keys come from. */
  readonly archiveKeysAt: string | undefined
  /** Why values are refused. */
  readonly problems: readonly CodedProblem[]
  /** Values that are used, but most likely by mistake. */
  readonly warnings: readonly SecretWarning[]
}

/**
 * Checks the first value found for each channel, for the signing secrets, and for the keys of audit trail and archive. Sends no requests.
 *
 * @param readings in order of precedence
 */
export function validateReading(
  readings: readonly Reading[],
  channels: readonly SecretChannel[],
  settings: Settings,
): ReadingCheck {
  const problems: CodedProblem[] = []
  const warnings: SecretWarning[] = []
  const webhooks = new Map<string, { at: string; secret: Secret }>()
  const refused = new Set<string>()
  for (const { key, auth, muted } of channels) {
    const found = firstOf(readings, (reading) => reading.webhooks?.get(key))
    if (!found) continue
    const problem = problemOf(found, auth, settings)
    if (!problem) {
      const url = String(found.value).trim()
      webhooks.set(key, { at: found.at, secret: new Secret(url) })
      if (muted) continue
      const warning = URL.parse(url)?.origin === settings.TEAMS_SANDBOX_ORIGIN ? undefined : warnAboutAddress(url, auth)
      if (warning) warnings.push({ ...warning, channel: key, at: found.at })
      warnings.push(
        ...overridden(
          found,
          readings.map((reading) => reading.webhooks?.get(key)),
          key,
        ),
      )
    } else if (!muted) {
      refused.add(key)
      problems.push(problem)
    }
  }
  const current = firstOf(readings, (reading) => reading.signing?.current)
  const previous = current && firstOf(readings, (reading) => reading.signing?.previous)
  const signing: Secret[] = []
  for (const found of [current, previous]) {
    if (!found) continue
    const problem = signingProblem(found)
    if (problem) problems.push(problem)
    else signing.push(new Secret(String(found.value)))
  }
  const auditKeys = firstOf(readings, (reading) => reading.auditKeys)
  const { signers: auditSigners, problems: auditProblems } = auditKeys
    ? checkAuditKeys(auditKeys)
    : { signers: [], problems: [] }
  const foundArchiveKeys = firstOf(readings, (reading) => reading.archiveKeys)
  const { keys: archiveKeys, problems: archiveProblems } = foundArchiveKeys
    ? checkArchiveKeys(foundArchiveKeys)
    : { keys: [], problems: [] }
  problems.push(...auditProblems, ...archiveProblems)
  warnings.push(
    ...overridden(
      current,
      readings.map((reading) => reading.signing?.current),
      undefined,
    ),
    ...overridden(
      auditKeys,
      readings.map((reading) => reading.auditKeys),
      undefined,
    ),
    ...overridden(
      foundArchiveKeys,
      readings.map((reading) => reading.archiveKeys),
      undefined,
    ),
  )
  return {
    webhooks,
    refused,
    // A previous secret without its current one would sign as if the change had not happened.
    signing: current && signingProblem(current) ? [] : signing,
    signingAt: current?.at,
    auditSigners,
    auditKeysAt: auditKeys?.at,
    archiveKeys,
    archiveKeysAt: foundArchiveKeys?.at,
    problems,
    warnings,
  }
}

/** A warning for each source of lower precedence that has a different value. */
function overridden(
  used: Found | undefined,
  all: readonly (Found | undefined)[],
  channel: string | undefined,
): readonly SecretWarning[] {
  return all
    .filter((other) => other !== undefined)
    .filter(({ at, value }) => used !== undefined && at !== used.at && textOf(value) !== textOf(used.value))
    .map(({ at }) => ({
      channel,
      at: used?.at ?? '',
      refused: false,
      found: `a value that stands above another one, at ${at}`,
      todo: `Take ${used?.at} away (from the environment, .env or the file) if the other one is meant; else delete the other one.`,
    }))
}

function textOf(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value
}

function firstOf(readings: readonly Reading[], pick: (reading: Reading) => Found | undefined): Found | undefined {
  for (const reading of readings) {
    const found = pick(reading)
    if (found) return found
  }
  return undefined
}

function problemOf({ at, value }: Found, auth: SecretChannel['auth'], settings: Settings): CodedProblem | undefined {
  if (typeof value !== 'string' && value !== null)
    return { code: 'webhook_invalid', at, found: describeValue(value), expected: 'the URL, as text' }
  const check = checkAddress(value?.trim() ?? '', {
    extraSuffixes: settings.TEAMS_WEBHOOK_HOST_SUFFIXES ?? [],
    allowSandbox: settings.TEAMS_SANDBOX_ORIGIN,
    auth,
  })
  if (!check.ok) return { code: check.code, at, found: check.found, expected: check.expected }
  if (auth === 'entra' && !check.sandbox && settings.TEAMS_ENTRA_TENANT_ID === undefined)
    return {
      code: 'invalid_settings',
      at,
      found: 'a channel with "auth: entra" and no Entra settings',
      expected: 'TEAMS_ENTRA_TENANT_ID, TEAMS_ENTRA_CLIENT_ID and TEAMS_ENTRA_CLIENT_SECRET',
    }
  return undefined
}

/** Checks a signing secret of any source by the rule of TEAMS_HMAC_SECRET_KEY, and refuses placeholders. */
function signingProblem({ at, value }: Found): CodedProblem | undefined {
  const result = SETTINGS.TEAMS_HMAC_SECRET_KEY.schema.safeParse(value)
  if (result.success && !/^<.*>$|place.?holder|change.?me/i.test(result.data)) return undefined
  return {
    code: 'invalid_settings',
    at,
    found: result.success ? 'a placeholder' : describeValue(value),
    expected: result.error?.issues[0]?.message ?? 'a secret of your own, for example from "openssl rand -hex 32"',
  }
}

const CHANNEL_KEY = /^[A-Za-z][A-Za-z0-9_-]{0,40}$/

/** A problem for each webhook URL whose key no channel has: a typing error, or, in Vault, another program's field. */
export function unknownKeys(reading: Reading, channels: readonly SecretChannel[]): CodedProblem[] {
  const keys = new Set(channels.map(({ key }) => key))
  return [...(reading.webhooks ?? [])]
    .filter(([key]) => !keys.has(key))
    .map(([key, { at }]) => {
      const near = nearestName(keys, key)
      return {
        code: 'invalid_settings',
        // A key of another form may be the URL, with key and value swapped, and is not quoted.
        at: CHANNEL_KEY.test(key) ? at : at.replace(key, '…'),
        found: 'a key that no channel has',
        expected: near ? `perhaps ${near}` : `one of: ${[...keys].join(', ')}`,
      }
    })
}

/** The new reading, completed from the last one where reading failed. */
export function mergeReading(last: Reading | undefined, now: Reading): Reading {
  const signing: FoundSigning | undefined = now.signing ?? last?.signing
  return {
    webhooks: now.webhooks ?? last?.webhooks,
    signing,
    auditKeys: now.auditKeys ?? last?.auditKeys,
    archiveKeys: now.archiveKeys ?? last?.archiveKeys,
    pagers: now.pagers ?? last?.pagers,
    sourceSecrets: now.sourceSecrets ?? last?.sourceSecrets,
    problems: now.problems,
  }
}

/**
 * A problem for each entry of TEAMS_WEBHOOK_HOST_SUFFIXES that is a public suffix (`com.sa`, `co.uk`): anyone can register
 * a host below it, so the check of hosts would check nothing. The setting itself refuses single labels; this check needs
 * the list of public suffixes, which is loaded only where the setting is used.
 *
 * Suffixes of hosting providers, such as `azure-api.net`, are allowed: some users have a gateway under each of many names.
 */
export async function publicSuffixes({
  TEAMS_WEBHOOK_HOST_SUFFIXES: suffixes = [],
}: Pick<Settings, 'TEAMS_WEBHOOK_HOST_SUFFIXES'>): Promise<readonly CodedProblem[]> {
  if (suffixes.length === 0) return []
  const { getPublicSuffix } = await import('tldts-icann')
  return suffixes
    .map(bareSuffix)
    .filter((name) => getPublicSuffix(name) === name)
    .map((name) => ({
      code: 'invalid_settings',
      at: 'TEAMS_WEBHOOK_HOST_SUFFIXES',
      found: `"${name}", below which anybody can have a host`,
      expected: 'host names of your own, such as flows.azure-api.net',
    }))
}
