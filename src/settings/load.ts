import { existsSync, readFileSync } from 'node:fs'
import { codeOf, describeValue, GatewayError, isGatewayError, type Problem } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { contradictions } from './contradictions.ts'
import { parseEnvFile } from './env-file.ts'
import type { Environment } from './environment.ts'
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
  const problems: Problem[] = []
  const values: Record<string, unknown> = {}
  const bad = new Set<SettingName>()
  const platform = readPlatformNames(env).values
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: (typeof SETTINGS)[SettingName] & { default?: string; secret?: true } = SETTINGS[name]
    const own = env[name]?.trim() || undefined
    const other = own === undefined ? (platform.get(name) ?? inSmallLetters(env, name)) : undefined
    const given = own ?? other?.text
    const result = given === undefined ? undefined : row.schema.safeParse(given)
    if (result?.success) {
      values[name] = result.data
      continue
    }
    // The default stands in for a bad value too, so that what contradicts the others is still found.
    values[name] = row.default === undefined ? undefined : row.schema.parse(row.default)
    if (given === undefined || result === undefined) continue
    bad.add(name)
    problems.push({
      at: other?.at ?? name,
      found: row.secret ? describeValue(given) : shown(given),
      expected: result.error.issues[0]?.message ?? 'something else',
    })
  }
  for (const { settings, found, expected } of contradictions(values as Settings))
    if (!settings.some((name) => bad.has(name))) problems.push({ at: settings[0], found, expected })
  problems.push(...misspelt(env))
  if (problems.length > 0) throw new GatewayError('invalid_settings', problems)
  return values as Settings
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
  if (problems.length > 0) throw new GatewayError('invalid_settings', [...problems, ...problemsOf(read)])
  return read
}

/** The same, with what is wrong with the file beside what could be read of it. */
export function readEnvFile(env: Environment, file = '.env'): { env: Environment; problems: readonly Problem[] } {
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

function problemsOf(env: Environment): readonly Problem[] {
  try {
    loadSettings(env)
    return []
  } catch (error) {
    if (isGatewayError(error, 'invalid_settings')) return error.problems
    throw error
  }
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
