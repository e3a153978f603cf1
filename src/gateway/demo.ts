import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogueOf } from '../catalogue/load.ts'
import { sourceSecretNames } from '../catalogue/source-definitions.ts'
import { generateArchiveKey } from '../contract/archive-keys.ts'
import type { EventInput } from '../contract/events.ts'
import { systemClock } from '../kernel/clock.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { checkSecrets } from '../secrets/check.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { holdsEvents, openDatabase } from '../store/open-database.ts'
import { makePrivateFolder } from '../store/private-folder.ts'
import { originOf } from './local-gateway.ts'
import type { GatewayOptions } from './options.ts'

/** Client id of the demo's sign-in, where the settings have none of their own. */
export const DEMO_CLIENT_ID = 'demo'

/** Origin of the demo's events, as stored with them. */
export const DEMO_ORIGIN = 'cli:demo'

/**
 * Refuses the demo if its made-up events could reach real channels, where people would believe them: through a webhook URL
 * of these settings, or through another gateway on the same PostgreSQL.
 *
 * @param confirmed true with `--yes`: nothing is refused
 * @returns settings and configuration that the demo adds to the user's own
 * @throws GatewayError `invalid_request` with every reason
 */
export async function checkDemo(
  env: Environment,
  settings: Settings,
  confirmed: boolean,
): Promise<Pick<GatewayOptions, 'settings' | 'config'>> {
  // Without a repeat window, a second demo within minutes shows its cards again.
  const withoutRepeats = env.TEAMS_REPEAT_WINDOW === undefined ? { TEAMS_REPEAT_WINDOW: 0 } : {}
  if (confirmed) return { settings: withoutRepeats }
  const problems = [...(await realChannelProblems(env, settings)), ...(await sharedDatabaseProblems(settings))]
  if (settings.TEAMS_SANDBOX === 'off')
    problems.push({
      at: 'TEAMS_SANDBOX',
      found: '"off", so that the cards have nowhere to go',
      expected: '"auto" or "on" for a demo',
    })
  if (problems.length > 0)
    throw new GatewayError('invalid_request', problems, {
      detail: 'The demo sends two made-up events and did not start. Add --yes to send them all the same.',
    })
  // A start without settings warns about the sandbox and a random signing secret; the demo sets both, so that nothing warns.
  const signs = settings.TEAMS_HMAC_SECRET_KEY !== undefined || settings.VAULT_ADDR !== undefined
  return {
    settings: {
      ...withoutRepeats,
      ...linkToRecord(settings),
      ...pagesOf(settings),
      // People acknowledge on the demo's pages, for which TEAMS_PUBLIC_URL, that auto looks for, is not set.
      ...(settings.TEAMS_ESCALATION === 'auto' ? { TEAMS_ESCALATION: 'on' } : {}),
      ...(await archiveKeyOf(settings)),
      TEAMS_SANDBOX: 'on',
      ...(signs ? {} : { TEAMS_HMAC_SECRET_KEY: randomBytes(32).toString('hex') }),
    },
    // The user's own configuration file takes precedence.
    ...(settings.TEAMS_CONFIG_FILE === undefined ? { config: DEMO_CONFIG } : {}),
  }
}

/**
 * Shows two more features with the same two events, in channels beside each other on the sandbox's page: the card of one event
 * in both languages, and a mention. The address is reserved for examples (RFC 2606).
 */
const DEMO_CONFIG = {
  channels: {
    cloudops: { language: 'ar' },
    sre: { mentions: [{ name: 'Sara Al-Harbi', id: 'sara@hospital.example' }] },
  },
} as const satisfies GatewayOptions['config']

/** Links the button of each card to the event's notifications. No setting if the port, and so the address, is not known yet. */
function linkToRecord(settings: Settings): GatewayOptions['settings'] {
  const origin = originOf(settings)
  if (settings.TEAMS_LINK_LOGS !== undefined || origin === undefined) return {}
  return { TEAMS_LINK_LOGS: `${origin}/v1/notifications?correlation_id={correlation_id}` }
}

/** Serves the pages behind the buttons of the cards, at any free port. */
function pagesOf({ TEAMS_PUBLIC_PORT: port, TEAMS_PUBLIC_URL: url }: Settings): GatewayOptions['settings'] {
  return port === undefined && url === undefined ? { TEAMS_PUBLIC_PORT: 0 } : {}
}

/** Makes an archive key beside the embedded database, or takes the one of an earlier demo. */
async function archiveKeyOf(settings: Settings): Promise<GatewayOptions['settings']> {
  const { TEAMS_ARCHIVE_KEYS, TEAMS_ARCHIVE_KEYS_FILE, TEAMS_ARCHIVE_VAULT_PATH, DATABASE_URL } = settings
  const own = TEAMS_ARCHIVE_KEYS ?? TEAMS_ARCHIVE_KEYS_FILE ?? TEAMS_ARCHIVE_VAULT_PATH
  if (own !== undefined || DATABASE_URL !== undefined) return {}
  await makePrivateFolder(settings.TEAMS_DATA_DIR)
  const file = join(settings.TEAMS_DATA_DIR, 'archive.key')
  if (!existsSync(file)) writeFileSync(file, `${generateArchiveKey().text}\n`, { mode: 0o600, flag: 'wx' })
  return { TEAMS_ARCHIVE_KEYS_FILE: file }
}

async function realChannelProblems(env: Environment, settings: Settings): Promise<Problem[]> {
  // The demo adds a sign-in where there is none, so that two_person, which needs one, is no mistake.
  const catalogue = catalogueOf({
    ...settings,
    TEAMS_SIGN_IN_CLIENT_ID: settings.TEAMS_SIGN_IN_CLIENT_ID ?? DEMO_CLIENT_ID,
  })
  const report = await checkSecrets({
    settings,
    env,
    channels: [...catalogue.channels.values()],
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    clock: systemClock,
  })
  const found = 'the webhook URL of a real channel'
  const expected = 'none for a demo'
  const problems = report.channels.flatMap(({ at }) => (at === undefined ? [] : [{ at, found, expected }]))
  // The file or Vault path may be unreadable now and readable a minute later, with real URLs in it.
  for (const at of ['TEAMS_WEBHOOKS_FILE', 'TEAMS_WEBHOOK_VAULT_PATH'] as const)
    if (settings[at] !== undefined && problems.length === 0)
      problems.push({ at, found: 'a place where webhook URLs of real channels are kept', expected })
  return problems
}

async function sharedDatabaseProblems(settings: Settings): Promise<Problem[]> {
  if (settings.DATABASE_URL === undefined) return []
  const database = await openDatabase(settings)
  try {
    if (!(await holdsEvents(database, DEMO_ORIGIN))) return []
  } finally {
    await database.close()
  }
  return [
    {
      at: 'DATABASE_URL',
      found: 'a database with events in it, whose gateways would send these too',
      expected: 'an empty one, or none for the embedded database',
    },
  ]
}

/** Events of `serve --demo`: those of the platform's usage example, field for field. */
export const DEMO_EVENTS = [
  {
    eventType: 'vault.seal.detected',
    correlationId: 'vault-seal-abc123',
    data: {
      node: 'vault-node-2.prod.svc.cluster.local',
      cluster_id: 'cluster-abc123',
      sealed_at: '2025-01-15T14:23:45Z',
      auto_unseal_attempted: true,
      auto_unseal_error: 'Azure Key Vault timeout',
    },
    stakeholders: ['Security Eng.', 'SRE', 'CloudOps'],
    priority: 'CRITICAL',
  },
  {
    eventType: 'nphies.claim.submitted',
    correlationId: 'corr-claim-xyz789',
    data: {
      claim_id: 'CLM-2025-001234',
      poll_id: 'POLL-ABC123XYZ',
      patient_id: 'P123456789',
      provider: 'King Fahad Medical City (KFMC)',
      payer: 'Saudi Payer (701)',
      total_amount: '15000 SAR',
      services: [
        { description: 'Consultation (E/M 99213)', amount: '500 SAR' },
        { description: 'Lab Tests (CBC, HbA1c)', amount: '1500 SAR' },
        { description: 'Medication (Metformin 1000mg)', amount: '3000 SAR' },
      ],
    },
    stakeholders: ['Integration Team', 'PMO'],
    priority: 'INFO',
  },
] as const satisfies readonly EventInput[]
