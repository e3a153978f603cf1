import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { SETTINGS, type SettingName, type Settings } from './table.ts'

/** Where settings come from: names and texts, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads every setting from `env`, fills in the defaults and checks each and how they fit together.
 *
 * @throws GatewayError `invalid_settings`, with every problem at once.
 */
export function loadSettings(env: Environment): Settings {
  const problems: Problem[] = []
  const values: Record<string, unknown> = {}
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: (typeof SETTINGS)[SettingName] & { default?: string; secret?: true } = SETTINGS[name]
    const given = env[name]?.trim()
    const raw = given === undefined || given === '' ? row.default : given
    if (raw === undefined) {
      values[name] = undefined
      continue
    }
    const result = row.schema.safeParse(raw)
    if (result.success) values[name] = result.data
    else
      problems.push({
        at: name,
        found: found(raw, row.secret),
        expected: result.error.issues[0]?.message ?? 'something else',
      })
  }
  if (problems.length === 0) problems.push(...contradictions(values as Settings))
  problems.push(...misspelt(env))
  if (problems.length > 0) throw new GatewayError('invalid_settings', problems)
  return values as Settings
}

/** Reads a `.env` file into an environment, under `env`, which wins; a file that is not there is no problem. */
export function withEnvFile(env: Environment, file = '.env'): Environment {
  if (!existsSync(file)) return env
  return { ...parseEnv(readFileSync(file, 'utf8')), ...env }
}

function found(value: string, secret: true | undefined): string {
  return secret ? describeValue(value) : JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])
const SCOPES = new Set(['send', 'read', 'act', 'admin'])

/** Settings that are fine alone and wrong together. */
function contradictions(s: Settings): Problem[] {
  const problems: Problem[] = []
  const tell = (at: SettingName, found: string, expected: string) => problems.push({ at, found, expected })
  if (!LOOPBACK.has(s.TEAMS_HTTP_HOST) && !s.TEAMS_API_TOKENS?.length)
    tell(
      'TEAMS_HTTP_HOST',
      `${s.TEAMS_HTTP_HOST} without TEAMS_API_TOKENS`,
      '127.0.0.1, or a token in TEAMS_API_TOKENS, so that not everybody on the network can send',
    )
  for (const [index, entry] of (s.TEAMS_API_TOKENS ?? []).entries()) {
    const [name, scopes, token, ...rest] = entry.split(':')
    const known = scopes?.split('+').every((scope) => SCOPES.has(scope)) ?? false
    if (!name || !known || !token || token.length < 16 || rest.length > 0)
      tell(
        'TEAMS_API_TOKENS',
        `an entry ${index + 1} of another form`,
        'name:scope+scope:token, scopes of send, read, act, admin, a token of at least 16 characters without a colon',
      )
  }
  for (const [index, secret] of (s.TEAMS_INBOUND_SECRETS ?? []).entries())
    if (secret.length < 16)
      tell('TEAMS_INBOUND_SECRETS', `an entry ${index + 1} of ${secret.length} characters`, 'at least 16 characters')
  if (s.TEAMS_BREAKER_THRESHOLD > s.TEAMS_MAX_RETRIES + 1)
    tell(
      'TEAMS_BREAKER_THRESHOLD',
      String(s.TEAMS_BREAKER_THRESHOLD),
      `at most ${s.TEAMS_MAX_RETRIES + 1} (TEAMS_MAX_RETRIES + 1), or an outage would use up the retries of notifications`,
    )
  if (s.TEAMS_CONNECTIONS_PER_HOST > s.TEAMS_TOTAL_CONNECTIONS)
    tell(
      'TEAMS_CONNECTIONS_PER_HOST',
      String(s.TEAMS_CONNECTIONS_PER_HOST),
      `at most ${s.TEAMS_TOTAL_CONNECTIONS} (TEAMS_TOTAL_CONNECTIONS)`,
    )
  if (s.TEAMS_CARD_HISTORY_RETENTION_DAYS > s.TEAMS_AUDIT_RETENTION_DAYS)
    tell(
      'TEAMS_CARD_HISTORY_RETENTION_DAYS',
      String(s.TEAMS_CARD_HISTORY_RETENTION_DAYS),
      `at most ${s.TEAMS_AUDIT_RETENTION_DAYS} (TEAMS_AUDIT_RETENTION_DAYS), since a card goes with its row`,
    )
  if (!isTimeZone(s.TEAMS_TIME_ZONE))
    tell('TEAMS_TIME_ZONE', JSON.stringify(s.TEAMS_TIME_ZONE), 'a time zone name, for example Asia/Riyadh')
  if (s.TEAMS_WEBHOOK_VAULT_PATH && !s.VAULT_ADDR)
    tell('TEAMS_WEBHOOK_VAULT_PATH', 'a path without VAULT_ADDR', 'VAULT_ADDR too')
  if (s.VAULT_ADDR && !s.VAULT_TOKEN && !(s.VAULT_ROLE_ID && s.VAULT_SECRET_ID) && !s.VAULT_KUBERNETES_ROLE)
    tell(
      'VAULT_ADDR',
      'an address without a login',
      'VAULT_TOKEN, or VAULT_ROLE_ID with VAULT_SECRET_ID, or VAULT_KUBERNETES_ROLE',
    )
  const entra = [s.TEAMS_ENTRA_TENANT_ID, s.TEAMS_ENTRA_CLIENT_ID, s.TEAMS_ENTRA_CLIENT_SECRET].filter(Boolean).length
  if (entra > 0 && entra < 3)
    tell(
      'TEAMS_ENTRA_TENANT_ID',
      `${entra} of the three Entra settings`,
      'TEAMS_ENTRA_TENANT_ID, TEAMS_ENTRA_CLIENT_ID and TEAMS_ENTRA_CLIENT_SECRET together',
    )
  if (s.TEAMS_HMAC_SECRET_KEY_PREVIOUS && !s.TEAMS_HMAC_SECRET_KEY && !s.VAULT_ADDR)
    tell('TEAMS_HMAC_SECRET_KEY_PREVIOUS', 'a previous secret without a current one', 'TEAMS_HMAC_SECRET_KEY too')
  return problems
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** A `TEAMS_` name that no setting has is most often a typing error whose default would silently be used. */
function misspelt(env: Environment): Problem[] {
  return Object.keys(env)
    .filter(
      (name) =>
        name.startsWith('TEAMS_') &&
        !(name in SETTINGS) &&
        !name.startsWith('TEAMS_WEBHOOK_') &&
        !name.startsWith('TEAMS_TEST_'),
    )
    .map((name) => ({
      at: name,
      found: 'a setting of this name',
      expected: `a name from .env.example${nearest(name)}`,
    }))
}

function nearest(name: string): string {
  const close = Object.keys(SETTINGS)
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return close && close.distance <= 4 ? `, perhaps ${close.known}` : ''
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length] ?? 0
}
