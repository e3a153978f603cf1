import type { PagerKind } from '../catalogue/pagers.ts'
import { describeValue } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { Secret } from '../kernel/secret.ts'
import type { Environment } from '../settings/env-file.ts'
import { PAGER_KEY_PREFIX, PAGER_WEBHOOK_PREFIX } from '../settings/pager-settings.ts'
import type { CodedProblem, Found, Reading } from './secret-source.ts'

/** What decides about a pager which keys it may have. */
export interface SecretPager {
  readonly name: string
  readonly kind: PagerKind
}

/** `TEAMS_PAGER_KEY_ONCALL` for the pager `oncall`. */
export function pagerKeySetting(name: string): string {
  return `${PAGER_KEY_PREFIX}${name.toUpperCase()}`
}

/** `TEAMS_PAGER_WEBHOOK_ONCALL` for the pager `oncall`. */
export function pagerWebhookSetting(name: string): string {
  return `${PAGER_WEBHOOK_PREFIX}${name.toUpperCase()}`
}

/** Name of the field with a pager's webhook secrets, in files and Vault. */
const webhookField = (name: string) => `${name}_webhook`

/** The values of the environment, by field. */
export function pagerVariables(env: Environment, pagers: readonly SecretPager[]): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>()
  for (const { name } of pagers)
    for (const [field, at] of [
      [name, pagerKeySetting(name)],
      [webhookField(name), pagerWebhookSetting(name)],
    ] as const) {
      const value = env[at]?.trim()
      if (value) found.set(field, { at, value })
    }
  return found
}

/** A problem for each variable of a pager that does not exist. */
export function unknownPagerVariables(env: Environment, pagers: readonly SecretPager[]): CodedProblem[] {
  const known = pagers.flatMap(({ name }) => [pagerKeySetting(name), pagerWebhookSetting(name)])
  return Object.keys(env)
    .filter((name) => name.startsWith(PAGER_KEY_PREFIX) || name.startsWith(PAGER_WEBHOOK_PREFIX))
    .filter((name) => !known.includes(name) && env[name]?.trim())
    .map((name) => {
      const near = nearestName(known, name)
      return {
        code: 'invalid_settings',
        at: name,
        found: 'a key of a pager that there is not',
        expected: near
          ? `perhaps ${near}`
          : known.length === 0
            ? 'a pager in the section "pagers" of TEAMS_CONFIG_FILE'
            : `one of: ${known.join(', ')}`,
      }
    })
}

/** A problem for each field that no pager has: a typing error, or, in Vault, another program's field. */
export function unknownPagerFields({ pagers: fields }: Reading, pagers: readonly SecretPager[]): CodedProblem[] {
  const known = pagers.flatMap(({ name }) => [name, webhookField(name)])
  return [...(fields ?? [])]
    .filter(([field]) => !known.includes(field))
    .map(([field, { at }]) => {
      const near = nearestName(known, field)
      return {
        code: 'invalid_settings',
        // A field of another form may be the key, with name and value swapped, and is not quoted.
        at: /^[a-z][a-z0-9_]{0,48}$/.test(field) ? at : at.replace(field, '…'),
        found: 'a field that no pager has',
        expected: near ? `perhaps ${near}` : `one of: ${known.join(', ')}`,
      }
    })
}

/** The usable keys and webhook secrets, and why others are refused. */
export interface CheckedPagerKeys {
  readonly keys: ReadonlyMap<string, { readonly at: string; readonly secret: Secret }>
  /** At most three for each pager: PagerDuty signs with all secrets of a subscription. */
  readonly webhookSecrets: ReadonlyMap<string, readonly Secret[]>
  /** Fields with a value that can not be used. */
  readonly refused: ReadonlySet<string>
  readonly problems: readonly CodedProblem[]
}

/** PagerDuty's integration keys have 32 letters and digits; those of Opsgenie are UUIDs, of Jira Service Management any token. */
const KEY_FORMS: { readonly [K in PagerKind]: { readonly form: RegExp; readonly expected: string } } = {
  pagerduty: { form: /^[A-Za-z0-9]{32}$/, expected: 'an integration key of the Events API v2: 32 letters and digits' },
  opsgenie: {
    form: /^[\x21-\x7e]{20,512}$/,
    expected: 'an API key of an API integration: 20 to 512 characters, without blanks',
  },
}
const WEBHOOK_FORM = /^[\x21-\x7e]{16,512}$/
const MOST_WEBHOOK_SECRETS = 3

/** Checks the first value found for each field. Problems describe keys and quote none. */
export function checkPagerKeys(readings: readonly Reading[], pagers: readonly SecretPager[]): CheckedPagerKeys {
  const keys = new Map<string, { at: string; secret: Secret }>()
  const webhookSecrets = new Map<string, readonly Secret[]>()
  const refused = new Set<string>()
  const problems: CodedProblem[] = []
  const firstOf = (field: string) =>
    readings.map((reading) => reading.pagers?.get(field)).find((found) => found !== undefined)
  const refuse = (field: string, { at, value }: Found, expected: string) => {
    refused.add(field)
    problems.push({ code: 'invalid_settings', at, found: describeValue(value), expected })
  }
  for (const { name, kind } of pagers) {
    const key = firstOf(name)
    if (key !== undefined) {
      const { form, expected } = KEY_FORMS[kind]
      const text = typeof key.value === 'string' ? key.value.trim() : ''
      if (form.test(text)) keys.set(name, { at: key.at, secret: new Secret(text) })
      else refuse(name, key, expected)
    }
    const webhook = firstOf(webhookField(name))
    if (webhook === undefined) continue
    const texts = typeof webhook.value === 'string' ? webhook.value.split(/\s+/).filter((text) => text !== '') : []
    if (texts.length > 0 && texts.length <= MOST_WEBHOOK_SECRETS && texts.every((text) => WEBHOOK_FORM.test(text)))
      webhookSecrets.set(
        name,
        texts.map((text) => new Secret(text)),
      )
    else
      refuse(
        webhookField(name),
        webhook,
        'the signing secret of the webhook subscription; during a rotation up to three, separated by blanks',
      )
  }
  return { keys, webhookSecrets, refused, problems }
}

/** The keys in use after a check: a refused value leaves the one before in use. */
export function appliedPagerKeys(before: CheckedPagerKeys, now: CheckedPagerKeys): CheckedPagerKeys {
  const keys = new Map(now.keys)
  const webhookSecrets = new Map(now.webhookSecrets)
  for (const [name, key] of before.keys) if (now.refused.has(name)) keys.set(name, key)
  for (const [name, secrets] of before.webhookSecrets)
    if (now.refused.has(webhookField(name))) webhookSecrets.set(name, secrets)
  return { ...now, keys, webhookSecrets }
}

/** Whether two sets of keys are the same, webhook secrets included. */
export function samePagerKeys(one: CheckedPagerKeys, other: CheckedPagerKeys): boolean {
  return (
    one.keys.size === other.keys.size &&
    one.webhookSecrets.size === other.webhookSecrets.size &&
    [...one.keys].every(([name, { secret }]) => secret.equals(other.keys.get(name)?.secret)) &&
    [...one.webhookSecrets].every(([name, secrets]) => {
      const others = other.webhookSecrets.get(name) ?? []
      return secrets.length === others.length && secrets.every((secret, index) => secret.equals(others[index]))
    })
  )
}

export const NO_PAGER_KEYS: CheckedPagerKeys = {
  keys: new Map(),
  webhookSecrets: new Map(),
  refused: new Set(),
  problems: [],
}
