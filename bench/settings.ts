import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_CHANNEL_NAMES } from '../src/catalogue/stakeholder-groups.ts'
import { SETTINGS, WEBHOOK_PREFIX } from '../src/settings/table.ts'
import type { Checkout } from './gateway.ts'
import type { Receiver } from './receiver/receiver.ts'

/** Keys of the eight channels. */
export const CHANNELS = Object.keys(DEFAULT_CHANNEL_NAMES)

/** Connections to the receiver, and posts in flight for one channel: the gateway's default, also the ceiling's. */
export const CONNECTIONS = Number(SETTINGS.TEAMS_CONNECTIONS_PER_HOST.default)

/** Connections to PostgreSQL: the gateway's default, also the ceiling's. */
export const DATABASE_CONNECTIONS = Number(SETTINGS.TEAMS_DATABASE_POOL.default)

/** Settings of every gateway: few log lines, a free port, the receiver for all channels. The rest is default. */
export function baseSettings(receiver: Receiver): Record<string, string> {
  return {
    TEAMS_HTTP_PORT: '0',
    TEAMS_LOG_LEVEL: 'error',
    TEAMS_SANDBOX: 'off',
    TEAMS_SANDBOX_ORIGIN: receiver.origin,
    TEAMS_HMAC_SECRET_KEY: 'bench-bench-bench-bench-bench-32',
    ...Object.fromEntries(CHANNELS.map((key) => [`${WEBHOOK_PREFIX}${key.toUpperCase()}`, receiver.address(key)])),
  }
}

/** A budget that never binds, and no digests: the bench measures the work, not the pauses. */
export function liftedBudget(checkout: Checkout): Record<string, string> {
  return {
    TEAMS_RATE_LIMIT_REQUESTS: '1000000',
    TEAMS_RATE_LIMIT_PERIOD: '1',
    TEAMS_RATE_LIMIT_BURST: '1000000',
    ...withoutDigests(checkout),
  }
}

/** No digests, so that each notification is a card. */
export function withoutDigests(checkout: Checkout): Record<string, string> {
  return digestsAfter(checkout, LONGEST_DIGEST_AFTER)
}

/** The largest value that TEAMS_DIGEST_AFTER takes. */
const LONGEST_DIGEST_AFTER = 86_400

/** Digests after so many seconds; nothing for an older gateway, which has none and refuses the setting. */
export function digestsAfter({ root }: Checkout, seconds: number): Record<string, string> {
  const known = readFileSync(join(root, 'src/settings/table.ts'), 'utf8').includes('TEAMS_DIGEST_AFTER')
  return known ? { TEAMS_DIGEST_AFTER: String(seconds) } : {}
}
