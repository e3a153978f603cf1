import { describeValue } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { Secret } from '../kernel/secret.ts'
import type { Environment } from '../settings/env-file.ts'
import { SOURCE_SECRET_PREFIX } from '../settings/source-settings.ts'
import type { CodedProblem, Found, Reading } from './secret-source.ts'

/** `TEAMS_SOURCE_SECRET_CLAIMS_DB` for the source `claims_db` of the configuration. */
export function sourceSecretSetting(name: string): string {
  return `${SOURCE_SECRET_PREFIX}${name.toUpperCase()}`
}

/** The values of the environment, by the name of the source. */
export function sourceVariables(env: Environment, names: readonly string[]): ReadonlyMap<string, Found> {
  return new Map(
    names.flatMap((name): readonly [string, Found][] => {
      const at = sourceSecretSetting(name)
      const value = env[at]?.trim()
      return value ? [[name, { at, value }]] : []
    }),
  )
}

/** A problem for each variable of a source that does not exist. */
export function unknownSourceVariables(env: Environment, names: readonly string[]): CodedProblem[] {
  const known = names.map(sourceSecretSetting)
  return Object.keys(env)
    .filter((name) => name.startsWith(SOURCE_SECRET_PREFIX) && !known.includes(name) && env[name]?.trim())
    .map((name) => ({
      code: 'invalid_settings',
      at: name,
      found: 'a secret of a source that there is not',
      expected: expectedOf(known, name, 'a source in the section "sources" of TEAMS_CONFIG_FILE'),
    }))
}

/** A problem for each field that no source has: a typing error, or, in Vault, another program's field. */
export function unknownSourceFields({ sourceSecrets }: Reading, names: readonly string[]): CodedProblem[] {
  return [...(sourceSecrets ?? [])]
    .filter(([field]) => !names.includes(field))
    .map(([field, { at }]) => ({
      code: 'invalid_settings',
      // A field of another form may be the secret, with name and value swapped, and is not quoted.
      at: /^[a-z][a-z0-9_]{0,40}$/.test(field) ? at : at.replace(field, '…'),
      found: 'a field that no source has',
      expected: expectedOf(names, field, 'a source in the section "sources" of TEAMS_CONFIG_FILE'),
    }))
}

function expectedOf(known: readonly string[], name: string, without: string): string {
  const near = nearestName(known, name)
  if (near) return `perhaps ${near}`
  return known.length === 0 ? without : `one of: ${known.join(', ')}`
}

/** The usable secrets of sources, and why others are refused. */
export interface CheckedSourceSecrets {
  readonly secrets: ReadonlyMap<string, { readonly at: string; readonly secret: Secret }>
  /** Names of sources with a value that can not be used. */
  readonly refused: ReadonlySet<string>
  readonly problems: readonly CodedProblem[]
}

const LONGEST_SECRET = 4_096

/** Checks the first value found for each source. Problems describe secrets and quote none. */
export function checkSourceSecrets(readings: readonly Reading[], names: readonly string[]): CheckedSourceSecrets {
  const secrets = new Map<string, { at: string; secret: Secret }>()
  const refused = new Set<string>()
  const problems: CodedProblem[] = []
  for (const name of names) {
    const found = readings.map((reading) => reading.sourceSecrets?.get(name)).find((value) => value !== undefined)
    if (found === undefined) continue
    const text = typeof found.value === 'string' ? found.value.trim() : ''
    if (text !== '' && text.length <= LONGEST_SECRET && !/[\r\n\0]/.test(text))
      secrets.set(name, { at: found.at, secret: new Secret(text) })
    else {
      refused.add(name)
      const expected = `a password or token in one line, at most ${LONGEST_SECRET} characters (in YAML, digits need quotes)`
      problems.push({ code: 'invalid_settings', at: found.at, found: describeValue(found.value), expected })
    }
  }
  return { secrets, refused, problems }
}

/** The secrets in use after a check: a refused value leaves the one before in use. */
export function appliedSourceSecrets(before: CheckedSourceSecrets, now: CheckedSourceSecrets): CheckedSourceSecrets {
  const kept = [...before.secrets].filter(([name]) => now.refused.has(name))
  return { ...now, secrets: new Map([...now.secrets, ...kept]) }
}

/** Whether two sets of secrets are the same. */
export function sameSourceSecrets(one: CheckedSourceSecrets, other: CheckedSourceSecrets): boolean {
  return (
    one.secrets.size === other.secrets.size &&
    [...one.secrets].every(([name, { secret }]) => secret.equals(other.secrets.get(name)?.secret))
  )
}

export const NO_SOURCE_SECRETS: CheckedSourceSecrets = { secrets: new Map(), refused: new Set(), problems: [] }
