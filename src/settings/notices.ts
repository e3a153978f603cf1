import type { Environment } from './env-file.ts'
import { misspeltGatewayNames } from './gateway-names.ts'
import { readPlatformNames, type SettingNotice } from './platform.ts'
import type { Settings } from './table.ts'

/** Six years of 365.25 days, which HIPAA 164.316(b)(2)(i) asks for. */
const HIPAA_DAYS = 2_192

/** Notices about valid settings that may be mistakes. The start logs each one, and `doctor` shows them. */
export function settingNotices(env: Environment, settings: Settings): readonly SettingNotice[] {
  return [...readPlatformNames(env).notices, ...misspeltGatewayNames(env), ...noticesOf(settings)]
}

function* noticesOf(s: Settings): Iterable<SettingNotice> {
  if (s.TEAMS_AUDIT_RETENTION_DAYS < HIPAA_DAYS)
    yield {
      at: 'TEAMS_AUDIT_RETENTION_DAYS',
      says: `Audit rows are kept for ${s.TEAMS_AUDIT_RETENTION_DAYS} days, which is less than the six years (${HIPAA_DAYS} days) of HIPAA 164.316(b)(2)(i).`,
    }
  if (!s.TEAMS_WEBHOOK_ENABLED)
    yield {
      at: 'TEAMS_WEBHOOK_ENABLED',
      says: 'Every channel is muted: events are recorded, and no card is sent for them, now or later.',
    }
  if (s.TEAMS_PUBLIC_URL && s.TEAMS_PUBLIC_PORT === undefined)
    yield {
      at: 'TEAMS_PUBLIC_URL',
      says: 'The buttons of cards lead there, and this process serves no pages, as TEAMS_PUBLIC_PORT is not set. Another process has to.',
    }
  if (s.TEAMS_PUBLIC_PORT !== undefined && !s.TEAMS_PUBLIC_URL && s.TEAMS_SANDBOX === 'off')
    yield {
      at: 'TEAMS_PUBLIC_PORT',
      says: 'Cards have no buttons that act, as TEAMS_PUBLIC_URL is not set.',
    }
  if (s.TEAMS_WEBHOOK_VAULT_PATH && !s.VAULT_ADDR)
    yield {
      at: 'TEAMS_WEBHOOK_VAULT_PATH',
      says: `Not read, because VAULT_ADDR is not set: only the webhook URLs of the environment and of files are used.${
        s.TEAMS_SANDBOX === 'auto' ? ' It keeps the sandbox off all the same, which TEAMS_SANDBOX=on mounts.' : ''
      }`,
    }
}
