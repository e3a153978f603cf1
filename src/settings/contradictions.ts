import { isRemoteWithoutTls } from '../kernel/loopback.ts'
import { parseNamedSecret } from '../kernel/secret.ts'
import { timeZoneProblem } from '../kernel/time-zone.ts'
import { checkApiTokens, MIN_SECRET_CHARACTERS } from './api-tokens.ts'
import type { SettingName, Settings } from './table.ts'

/** Settings that are valid alone and invalid together. `found` quotes no value that may be a secret. */
export interface Contradiction {
  /** The settings that contradict each other; the problem names the first. */
  readonly settings: readonly [SettingName, ...SettingName[]]
  readonly found: string
  readonly expected: string
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])
/** Time in which a signed request can be replayed: its timestamp may be five minutes off, in either direction. */
const REPLAY_SECONDS = 600

/** Values of `sslmode` in a connection string. For any other value `pg` silently connects with TLS. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** Checks the settings against each other, and finds problems that the schema of one setting can not express. */
export function contradictions(s: Settings): Contradiction[] {
  return [...access(s), ...database(s), ...amounts(s), ...secrets(s)]
}

function* access(s: Settings): Iterable<Contradiction> {
  if (!LOOPBACK.has(s.TEAMS_HTTP_HOST) && !s.TEAMS_API_TOKENS?.length)
    yield {
      settings: ['TEAMS_HTTP_HOST', 'TEAMS_API_TOKENS'],
      found: 'an interface that others reach, without TEAMS_API_TOKENS',
      expected: '127.0.0.1, or a token in TEAMS_API_TOKENS, so that not everybody on the network can send',
    }
  // An empty list is a mistake, and without tokens every program on this machine has all scopes.
  for (const list of ['TEAMS_API_TOKENS', 'TEAMS_INBOUND_SECRETS'] as const)
    if (s[list]?.length === 0)
      yield { settings: [list], found: 'a list without entries', expected: 'at least one entry, or no such setting' }
  if (s.TEAMS_INBOUND_SECRETS?.length && s.TEAMS_EVENT_TTL < REPLAY_SECONDS)
    yield {
      settings: ['TEAMS_EVENT_TTL', 'TEAMS_INBOUND_SECRETS'],
      found: String(s.TEAMS_EVENT_TTL),
      expected: `at least ${REPLAY_SECONDS} with TEAMS_INBOUND_SECRETS, because a copy of a signed request would be a new event after that time`,
    }
  for (const problem of checkApiTokens(s.TEAMS_API_TOKENS ?? [])) yield { settings: ['TEAMS_API_TOKENS'], ...problem }
  const names = new Set((s.TEAMS_INBOUND_SECRETS ?? []).map((entry) => parseNamedSecret(entry).name))
  if (s.TEAMS_INBOUND_ACT?.some((name) => !names.has(name)))
    yield {
      settings: ['TEAMS_INBOUND_ACT', 'TEAMS_INBOUND_SECRETS'],
      found: 'a name that no secret of TEAMS_INBOUND_SECRETS has',
      expected: 'names of entries of the form name:secret',
    }
  for (const [index, { secret }] of (s.TEAMS_INBOUND_SECRETS ?? []).map(parseNamedSecret).entries())
    if (secret.length < MIN_SECRET_CHARACTERS)
      yield {
        settings: ['TEAMS_INBOUND_SECRETS'],
        found: `entry ${index + 1} of ${secret.length} characters`,
        expected: `at least ${MIN_SECRET_CHARACTERS} characters`,
      }
}

function* database(s: Settings): Iterable<Contradiction> {
  const mode = /[?&]sslmode=([^&]*)/.exec(s.DATABASE_URL ?? '')?.[1]
  if (mode !== undefined && !SSL_MODES.includes(mode))
    yield {
      settings: ['DATABASE_URL'],
      found: 'an sslmode that is not known',
      expected: `one of: ${SSL_MODES.join(', ')}`,
    }
}

function* amounts(s: Settings): Iterable<Contradiction> {
  if (s.TEAMS_BREAKER_THRESHOLD > s.TEAMS_MAX_RETRIES + 1)
    yield {
      settings: ['TEAMS_BREAKER_THRESHOLD', 'TEAMS_MAX_RETRIES'],
      found: String(s.TEAMS_BREAKER_THRESHOLD),
      expected: `at most ${s.TEAMS_MAX_RETRIES + 1} (TEAMS_MAX_RETRIES + 1), or an outage would use up the retries of notifications`,
    }
  if (s.TEAMS_CONNECTIONS_PER_HOST > s.TEAMS_TOTAL_CONNECTIONS)
    yield {
      settings: ['TEAMS_CONNECTIONS_PER_HOST', 'TEAMS_TOTAL_CONNECTIONS'],
      found: String(s.TEAMS_CONNECTIONS_PER_HOST),
      expected: `at most ${s.TEAMS_TOTAL_CONNECTIONS} (TEAMS_TOTAL_CONNECTIONS)`,
    }
  if (s.TEAMS_CARD_HISTORY_RETENTION_DAYS > s.TEAMS_AUDIT_RETENTION_DAYS)
    yield {
      settings: ['TEAMS_CARD_HISTORY_RETENTION_DAYS', 'TEAMS_AUDIT_RETENTION_DAYS'],
      found: String(s.TEAMS_CARD_HISTORY_RETENTION_DAYS),
      expected: `at most ${s.TEAMS_AUDIT_RETENTION_DAYS} (TEAMS_AUDIT_RETENTION_DAYS), since a card goes with its row`,
    }
  const timeZone = timeZoneProblem(s.TEAMS_TIME_ZONE)
  if (timeZone) yield { settings: ['TEAMS_TIME_ZONE'], ...timeZone }
}

function* secrets(s: Settings): Iterable<Contradiction> {
  if (s.VAULT_ADDR && !s.VAULT_TOKEN && !(s.VAULT_ROLE_ID && s.VAULT_SECRET_ID) && !s.VAULT_KUBERNETES_ROLE)
    yield {
      settings: ['VAULT_ADDR', 'VAULT_TOKEN', 'VAULT_ROLE_ID', 'VAULT_SECRET_ID', 'VAULT_KUBERNETES_ROLE'],
      found: 'an address without a login',
      expected: 'VAULT_TOKEN, or VAULT_ROLE_ID with VAULT_SECRET_ID, or VAULT_KUBERNETES_ROLE',
    }
  if (s.VAULT_ADDR && !s.TEAMS_VAULT_ALLOW_HTTP && isRemoteWithoutTls(s.VAULT_ADDR))
    yield {
      settings: ['VAULT_ADDR', 'TEAMS_VAULT_ALLOW_HTTP'],
      found: 'an address without TLS on another machine',
      expected: 'https, since a token is shown there and secrets come back; or TEAMS_VAULT_ALLOW_HTTP=true',
    }
  const entra = [s.TEAMS_ENTRA_TENANT_ID, s.TEAMS_ENTRA_CLIENT_ID, s.TEAMS_ENTRA_CLIENT_SECRET].filter(Boolean).length
  if (entra > 0 && entra < 3)
    yield {
      settings: ['TEAMS_ENTRA_TENANT_ID', 'TEAMS_ENTRA_CLIENT_ID', 'TEAMS_ENTRA_CLIENT_SECRET'],
      found: `${entra} of the three Entra settings`,
      expected: 'TEAMS_ENTRA_TENANT_ID, TEAMS_ENTRA_CLIENT_ID and TEAMS_ENTRA_CLIENT_SECRET together',
    }
  if (isRemoteWithoutTls(s.TEAMS_ENTRA_AUTHORITY))
    yield {
      settings: ['TEAMS_ENTRA_AUTHORITY'],
      found: 'an address without TLS on another machine',
      expected: 'https, since TEAMS_ENTRA_CLIENT_SECRET is sent there',
    }
  if (s.TEAMS_HMAC_SECRET_KEY_PREVIOUS && !s.TEAMS_HMAC_SECRET_KEY && !s.VAULT_ADDR)
    yield {
      settings: ['TEAMS_HMAC_SECRET_KEY_PREVIOUS', 'TEAMS_HMAC_SECRET_KEY', 'VAULT_ADDR'],
      found: 'a previous secret without a current one',
      expected: 'TEAMS_HMAC_SECRET_KEY too',
    }
}
