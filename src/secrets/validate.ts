import { describeValue } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { Secret } from '../kernel/secret.ts'
import { SETTINGS, type Settings } from '../settings/table.ts'
import { bareSuffix, checkAddress, warnAboutAddress } from '../transports/address.ts'
import type { CodedProblem, Doubt, Found, FoundSigning, Reading, SecretChannel } from './source.ts'

/** What the readings come to: what can be used, and what can not. */
export interface ReadingCheck {
  /** Webhook URLs that can be used, with where they lie, by channel key. */
  readonly webhooks: ReadonlyMap<string, { readonly at: string; readonly secret: Secret }>
  /** Channels for which something was found that can not be used. */
  readonly refused: ReadonlySet<string>
  /** At most two, the current one first; none where none was found. */
  readonly signing: readonly Secret[]
  /** Where the current signing secret lies. */
  readonly signingAt: string | undefined
  /** What is wrong with the values. */
  readonly problems: readonly CodedProblem[]
  /** What is used all the same. */
  readonly doubts: readonly Doubt[]
}

/**
 * Takes what was found first for each channel and checks it. Nothing here asks anybody.
 *
 * @param readings in order of precedence
 */
export function validateReading(
  readings: readonly Reading[],
  channels: readonly SecretChannel[],
  settings: Settings,
  allowSandbox: string | undefined,
): ReadingCheck {
  const problems: CodedProblem[] = []
  const doubts: Doubt[] = []
  const webhooks = new Map<string, { at: string; secret: Secret }>()
  const refused = new Set<string>()
  for (const { key, auth, muted } of channels) {
    const found = firstOf(readings, (reading) => reading.webhooks?.get(key))
    if (!found) continue
    const problem = problemOf(found, auth, settings, allowSandbox)
    if (!problem) {
      const url = String(found.value).trim()
      webhooks.set(key, { at: found.at, secret: new Secret(url) })
      if (muted) continue
      const warning = URL.parse(url)?.origin === allowSandbox ? undefined : warnAboutAddress(url, auth)
      if (warning) doubts.push({ ...warning, channel: key, at: found.at })
      doubts.push(
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
  doubts.push(
    ...overridden(
      current,
      readings.map((reading) => reading.signing?.current),
      undefined,
    ),
  )
  return {
    webhooks,
    refused,
    // A previous secret without its current one would sign as if the change had not happened.
    signing: current && signingProblem(current) ? [] : signing,
    signingAt: current?.at,
    problems,
    doubts,
  }
}

/** Values in other sources that would be used if the one above were not there, and that are different. */
function overridden(
  used: Found | undefined,
  all: readonly (Found | undefined)[],
  channel: string | undefined,
): readonly Doubt[] {
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

function problemOf(
  { at, value }: Found,
  auth: SecretChannel['auth'],
  settings: Settings,
  allowSandbox: string | undefined,
): CodedProblem | undefined {
  if (typeof value !== 'string' && value !== null)
    return { code: 'webhook_invalid', at, found: describeValue(value), expected: 'the URL, as text' }
  const check = checkAddress(value?.trim() ?? '', {
    extraSuffixes: settings.TEAMS_WEBHOOK_HOST_SUFFIXES ?? [],
    allowSandbox,
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

/** A secret in Vault keeps the rule of the setting that could stand in its place, and is no `<generated-secret>`. */
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

/** Keys of webhook URLs that no channel has: typing errors, or, in Vault, somebody else's. */
export function unknownKeys(reading: Reading, channels: readonly SecretChannel[]): CodedProblem[] {
  const keys = new Set(channels.map(({ key }) => key))
  return [...(reading.webhooks ?? [])]
    .filter(([key]) => !keys.has(key))
    .map(([key, { at }]) => {
      const near = nearestName(keys, key)
      return {
        code: 'invalid_settings',
        // Of another form it may be the URL, with key and value the wrong way round.
        at: CHANNEL_KEY.test(key) ? at : at.replace(key, '…'),
        found: 'a key that no channel has',
        expected: near ? `perhaps ${near}` : `one of: ${[...keys].join(', ')}`,
      }
    })
}

/** What a failed look did not see stays as it was last seen. */
export function mergeReading(last: Reading | undefined, now: Reading): Reading {
  const signing: FoundSigning | undefined = now.signing ?? last?.signing
  return { webhooks: now.webhooks ?? last?.webhooks, signing, problems: now.problems }
}

/**
 * Entries of TEAMS_WEBHOOK_HOST_SUFFIXES below which anybody can have a host (`com.sa`, `co.uk`): with one of them nothing
 * is left of the check of hosts. Single labels are refused by the setting itself; this needs the list of public suffixes, which is
 * loaded only where the setting is used.
 *
 * Suffixes of providers, such as `azure-api.net`, are let through: some have a front of theirs in each of many names.
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
