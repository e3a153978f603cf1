import { existsSync, readFileSync } from 'node:fs'
import { codeOf, describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { contradictions } from './contradictions.ts'
import { type Environment, parseEnvFile } from './env-file.ts'
import { isPlatformName, readPlatformNames } from './platform.ts'
import { PROXY_SETTINGS } from './proxy-settings.ts'
import { withoutServiceVariables } from './service-variables.ts'
import { SETTINGS, type SettingName, type Settings, WEBHOOK_PREFIX } from './table.ts'

/**
 * Reads every setting from `env`, fills in the defaults and checks each and how they fit together.
 *
 * @throws GatewayError `invalid_settings`, with every problem at once.
 */
export function loadSettings(env: Environment): Settings {
  const { settings, found } = inspect(env)
  if (found.length > 0)
    throw new GatewayError(
      'invalid_settings',
      found.map(({ problem }) => problem),
    )
  return settings
}

/** Settings that can be used, although some of those that were given can not. */
export interface UsableSettings {
  /** What was given, without what is wrong. */
  readonly env: Environment
  readonly settings: Settings
  /** Everything that is wrong, as {@link loadSettings} would throw it, and what only showed without that. */
  readonly problems: readonly Problem[]
}

/** Reads the settings with the defaults in place of those that are wrong, so that one slip hides nothing else. */
export function usableSettings(given: Environment): UsableSettings {
  const env: Record<string, string | undefined> = { ...given }
  const problems: Problem[] = []
  const told = new Set<string>()
  for (;;) {
    const { settings, found } = inspect(env)
    if (found.length === 0) return { env, settings, problems }
    // A setting that now lacks its counterpart, which was wrong itself, is told with it.
    problems.push(...found.map(({ problem }) => problem).filter(({ at }) => !told.has(at)))
    for (const { problem, cause } of found) {
      told.add(problem.at)
      delete env[cause]
    }
  }
}

/** A problem, and the name in the environment without which it would be gone. */
interface FoundProblem {
  readonly problem: Problem
  readonly cause: string
}

function inspect(env: Environment): { readonly settings: Settings; readonly found: readonly FoundProblem[] } {
  const found: FoundProblem[] = []
  const values: Record<string, unknown> = {}
  const bad = new Set<SettingName>()
  const givenAs = new Map<SettingName, string>()
  const platform = readPlatformNames(env).values
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: (typeof SETTINGS)[SettingName] & { default?: string; secret?: true } = SETTINGS[name]
    const own = env[name]?.trim() || undefined
    const other = own === undefined ? (platform.get(name) ?? inSmallLetters(env, name)) : undefined
    const given = own ?? other?.text
    const at = other?.at ?? name
    if (given !== undefined) givenAs.set(name, at)
    const result = given === undefined ? undefined : row.schema.safeParse(given)
    if (result?.success) {
      values[name] = result.data
      continue
    }
    // The default stands in for a bad value too, so that what contradicts the others is still found.
    values[name] = row.default === undefined ? undefined : row.schema.parse(row.default)
    if (given === undefined || result === undefined) continue
    bad.add(name)
    const expected = result.error.issues[0]?.message ?? 'something else'
    found.push({ problem: { at, found: row.secret ? describeValue(given) : shown(given), expected }, cause: at })
  }
  const settings = values as Settings
  for (const { settings: about, ...words } of contradictions(settings)) {
    // The first one that was given: the others have their defaults, which contradict nothing.
    const cause = about.map((name) => givenAs.get(name)).find((name) => name !== undefined)
    if (cause !== undefined && !about.some((name) => bad.has(name)))
      found.push({ problem: { at: about[0], ...words }, cause })
  }
  found.push(...misspelt(env).map((problem) => ({ problem, cause: problem.at })))
  return { settings, found }
}

/** The variables of proxies are as often written so; of curl's, one is written only so. */
function inSmallLetters(env: Environment, name: string): { readonly at: string; readonly text: string } | undefined {
  const at = name.toLowerCase()
  const text = Object.hasOwn(PROXY_SETTINGS, name) ? env[at]?.trim() : undefined
  return text ? { at, text } : undefined
}

/**
 * The settings of a process: its environment, without what Kubernetes puts there for Services, over the `.env` file of the
 * folder it runs in. A file that is not there is no problem.
 *
 * @throws GatewayError `invalid_settings` for one that can not be read, with every line that is wrong, and with what is wrong
 *   with the settings of the others.
 */
export function withEnvFile(env: Environment, file = '.env'): Environment {
  const { env: read, problems } = readEnvFile(env, file)
  if (problems.length > 0) throw new GatewayError('invalid_settings', [...problems, ...usableSettings(read).problems])
  return read
}

/** Where a program's settings come from, and what is wrong with its `.env` file. */
export interface ReadEnvironment {
  readonly env: Environment
  readonly problems: readonly Problem[]
}

/** The same, with what is wrong with the file beside what could be read of it. */
export function readEnvFile(env: Environment, file = '.env'): ReadEnvironment {
  const own = withoutServiceVariables(env)
  if (!existsSync(file)) return { env: own, problems: [] }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const found = codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'text that is not UTF-8' : 'no readable file'
    return { env: own, problems: [{ at: file, found, expected: 'a file of lines NAME=value, in UTF-8' }] }
  }
  const { values, problems } = parseEnvFile(text, file)
  return { env: { ...values, ...own }, problems }
}

/**
 * A bad value as it is told to people. Short words and numbers are quoted, since seeing one's slip is half of mending it.
 * Anything longer may be a secret that was put under the wrong name (ours have 16 characters or more), or a URL with one.
 */
function shown(value: string): string {
  return /^[\w.+-]{1,12}$/.test(value) ? JSON.stringify(value) : describeValue(value)
}

/** A `TEAMS_` name that no setting has is most often a typing error whose default would silently be used. */
function misspelt(env: Environment): Problem[] {
  return Object.keys(env)
    .filter(
      (name) =>
        name.startsWith('TEAMS_') &&
        !Object.hasOwn(SETTINGS, name) &&
        !isPlatformName(name) &&
        !name.startsWith(WEBHOOK_PREFIX) &&
        !name.startsWith('TEAMS_TEST_'),
    )
    .map((name) => {
      const nearest = nearestName(Object.keys(SETTINGS), name)
      return {
        at: name,
        found: 'a setting of this name',
        expected: `a name from .env.example${nearest ? `, perhaps ${nearest}` : ''}`,
      }
    })
}
