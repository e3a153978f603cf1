import { existsSync, readFileSync } from 'node:fs'
import { codeOf, describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { contradictions } from './contradictions.ts'
import { type Environment, parseEnvFile } from './env-file.ts'
import { PAGER_KEY_PREFIX, PAGER_WEBHOOK_PREFIX } from './pager-settings.ts'
import { isPlaceholder } from './placeholders.ts'
import { isPlatformName, readPlatformNames } from './platform.ts'
import { PROXY_SETTINGS } from './proxy-settings.ts'
import { publicContradictions } from './public-contradictions.ts'
import { withoutServiceVariables } from './service-variables.ts'
import { SOURCE_SECRET_PREFIX } from './source-settings.ts'
import { SETTINGS, type SettingName, type Settings, WEBHOOK_PREFIX } from './table.ts'

/**
 * Reads all settings from `env`, fills in the defaults, and checks each setting alone and all against each other.
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

/** Valid settings, and the problems of the invalid ones that defaults replace. */
export interface UsableSettings {
  /** The environment without the invalid variables. */
  readonly env: Environment
  readonly settings: Settings
  /**
   * The problems that {@link loadSettings} would throw, and those of variables that are read once an invalid one is removed,
   * such as `https_proxy`.
   */
  readonly problems: readonly Problem[]
}

/** Reads the settings, with defaults in place of invalid ones, so that one mistake hides no other. Never throws. */
export function usableSettings(given: Environment): UsableSettings {
  const env: Record<string, string | undefined> = { ...given }
  const problems: Problem[] = []
  for (let round = 1; ; round++) {
    const { settings, found } = inspect(env)
    if (found.length === 0) return { env, settings, problems }
    // After the first round a contradiction only follows from the removal of an invalid variable.
    const reported = found.filter(({ isContradiction }) => round === 1 || !isContradiction)
    problems.push(...reported.map(({ problem }) => problem))
    for (const { cause } of found) delete env[cause]
  }
}

/** A problem, and the variable that causes it: without it the problem disappears. */
interface FoundProblem {
  readonly problem: Problem
  readonly cause: string
  readonly isContradiction?: true
}

function inspect(env: Environment): { readonly settings: Settings; readonly found: readonly FoundProblem[] } {
  const found: FoundProblem[] = []
  const values: Record<string, unknown> = {}
  const bad = new Set<SettingName>()
  const givenAs = new Map<SettingName, string>()
  const platform = readPlatformNames(env).values
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: (typeof SETTINGS)[SettingName] & { default?: string; secret?: true } = SETTINGS[name]
    const ownText = env[name]?.trim() || undefined
    const alias = ownText === undefined ? (platform.get(name) ?? inLowerCase(env, name)) : undefined
    const given = ownText ?? alias?.text
    const at = alias?.at ?? name
    if (given !== undefined) givenAs.set(name, at)
    const result = given === undefined ? undefined : row.schema.safeParse(given)
    const copied = row.secret === true && given !== undefined && isPlaceholder(given)
    if (result?.success && !copied) {
      values[name] = result.data
      continue
    }
    // An invalid value is replaced by the default, so that contradictions between the other settings are still found.
    values[name] = row.default === undefined ? undefined : row.schema.parse(row.default)
    if (given === undefined || result === undefined) continue
    bad.add(name)
    if (copied) {
      const problem = { at, found: 'a placeholder of the documentation', expected: 'a secret of your own in its place' }
      found.push({ problem, cause: at })
      continue
    }
    const expected = result.error?.issues[0]?.message ?? 'something else'
    found.push({ problem: { at, found: row.secret ? describeValue(given) : shown(given), expected }, cause: at })
  }
  const settings = values as Settings
  for (const { settings: about, ...words } of [...contradictions(settings), ...publicContradictions(settings)]) {
    // The first setting in the environment: the others have their defaults, which do not contradict each other.
    const cause = about.map((name) => givenAs.get(name)).find((name) => name !== undefined)
    if (cause !== undefined && !about.some((name) => bad.has(name)))
      found.push({ problem: { at: about[0], ...words }, cause, isContradiction: true })
  }
  found.push(...misspelt(env).map((problem) => ({ problem, cause: problem.at })))
  return { settings, found }
}

/** Reads a proxy variable by its lower-case name. Both cases are usual, and curl reads `http_proxy` only in lower case. */
function inLowerCase(env: Environment, name: string): { readonly at: string; readonly text: string } | undefined {
  const at = name.toLowerCase()
  const text = Object.hasOwn(PROXY_SETTINGS, name) ? env[at]?.trim() : undefined
  return text ? { at, text } : undefined
}

/**
 * Returns the variables of a process: its environment without the variables of Kubernetes Services, and the `.env` file of
 * the working folder. The environment wins. The file may be missing.
 *
 * @throws GatewayError `invalid_settings` for an unreadable file or invalid lines, with all problems of the file and of the
 *   settings that could be read
 */
export function withEnvFile(env: Environment, file = '.env'): Environment {
  const { env: read, problems } = readEnvFile(env, file)
  if (problems.length > 0) throw new GatewayError('invalid_settings', [...problems, ...usableSettings(read).problems])
  return read
}

/** The variables of a process, and the problems of its `.env` file. */
export interface ReadEnvironment {
  readonly env: Environment
  readonly problems: readonly Problem[]
}

/** {@link withEnvFile} that returns the problems of the file beside its valid lines. Never throws. */
export function readEnvFile(env: Environment, file = '.env'): ReadEnvironment {
  const processEnv = withoutServiceVariables(env)
  if (!existsSync(file)) return { env: processEnv, problems: [] }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const found = codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'text that is not UTF-8' : 'no readable file'
    return { env: processEnv, problems: [{ at: file, found, expected: 'a file of lines NAME=value, in UTF-8' }] }
  }
  const { values, problems } = parseEnvFile(text, file)
  return { env: { ...values, ...processEnv }, problems }
}

/**
 * Describes an invalid value for a problem. A value of at most 12 letters, digits and `_.+-` is quoted, which makes typing
 * errors easy to see. A longer one may be a secret under the wrong name (secrets have at least 16 characters), or a URL with
 * one.
 */
function shown(value: string): string {
  return /^[\w.+-]{1,12}$/.test(value) ? JSON.stringify(value) : describeValue(value)
}

/** Finds unknown `TEAMS_` names. Most are typing errors, with which the setting would silently have its default. */
function misspelt(env: Environment): Problem[] {
  return Object.keys(env)
    .filter(
      (name) =>
        name.startsWith('TEAMS_') &&
        !Object.hasOwn(SETTINGS, name) &&
        !isPlatformName(name) &&
        !name.startsWith(WEBHOOK_PREFIX) &&
        !name.startsWith(PAGER_KEY_PREFIX) &&
        !name.startsWith(PAGER_WEBHOOK_PREFIX) &&
        !name.startsWith(SOURCE_SECRET_PREFIX) &&
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
