import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { teamsBytes } from '../../src/contract/card-size.ts'
import {
  buildCard,
  createCardBuilder,
  type EventInput,
  type GatewayError,
  isGatewayError,
  type Language,
} from '../../src/index.ts'
import { SAMPLES } from '../cards/samples.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

const {
  'gateway.digest': _digest,
  'gateway.followup': _followup,
  'audit.checkpoint': _checkpoint,
  'gateway.source.blind': _blind,
  'gateway.source.recovered': _recovered,
  ...SENDABLE
} = SAMPLES
const SEALED = { eventType: 'vault.seal.detected', data: { node: 'vault-1' }, correlationId: 'c-1' } as const
const TIME = '2026-11-30T08:00:00Z'
/** Default settings, without the environment of the test process. */
const DEFAULTS = { env: {} }

/** Events whose cards show what happens on the way from a caller to a channel. */
const TELLING = {
  patient: {
    eventType: 'nphies.claim.rejected',
    data: {
      claim_id: 'CLM-2025-001234',
      patient_id: 'P123456789',
      rejection_reason: 'Patient P123456789 (MRN: 99887766) is not covered',
    },
  },
  undeclared: { eventType: 'vault.seal.detected', data: { node: 'vault-1', ward: 'Ward 7', patient_name: 'Sara' } },
  labels: {
    eventType: 'backup.failed',
    data: { subject: 's', description: 'd', labels: { zone: 'b', a_longer_name: 'c', node: 'a' } },
  },
  long: {
    eventType: 'celery.task.failed',
    data: { task_name: 'claims.submit', task_id: '7', error: 'e'.repeat(30_000), traceback: 'مريض '.repeat(4_000) },
  },
} as unknown as Record<string, EventInput>

function refusal(run: () => unknown): GatewayError {
  try {
    run()
  } catch (error) {
    if (isGatewayError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('buildCard', () => {
  it.each(['en', 'ar'] as const)('builds the same card as the gateway posts, in %s', async (language: Language) => {
    const settings = { TEAMS_REPEAT_WINDOW: 0, TEAMS_UNDECLARED_DATA: 'mask', TEAMS_LINK_GRAFANA: 'https://g.example' }
    const gateway = await serveQuick(await startedStore('embedded'), settings)
    const samples = Object.entries(SENDABLE).map(([eventType, sample]) => ({ eventType, ...sample }))
    const events = [...samples, ...Object.values(TELLING)].map((event, index) => ({
      occurredAt: TIME,
      ...event,
      correlationId: `card-${index}`,
      language,
      stakeholders: ['sre'],
    })) as EventInput[]
    await gateway.wired.service.accept(events, 'test')
    const messages = (await gateway.wired.sandbox?.model.waitFor('sre', events.length)) ?? []
    const posted = new Map(messages.map(({ headers, card }) => [headers['x-correlation-id'], card]))

    const cards = createCardBuilder({ env: {}, settings })
    for (const event of events) {
      const card = cards.build(event, { channel: 'sre' })
      expect([event.eventType, card]).toEqual([event.eventType, posted.get(event.correlationId ?? '')])
      expect(teamsBytes(card)).toBeLessThanOrEqual(28_672)
    }
  })

  it('masks patient data by the policy of the settings', () => {
    const { patient } = TELLING
    if (patient === undefined) throw new Error('there is no such event')
    const place = { channel: 'nphies_integration' }
    const masked = JSON.stringify(buildCard(patient, { ...DEFAULTS, ...place }))
    expect(masked).toContain('P••••6789')
    expect(masked).not.toMatch(/P123456789|99887766/)
    const shown = buildCard(patient, { ...DEFAULTS, ...place, settings: { TEAMS_PHI_POLICY: 'show' } })
    expect(JSON.stringify(shown)).toContain('P123456789')
    const omitted = buildCard(patient, { ...DEFAULTS, ...place, settings: { TEAMS_PHI_POLICY: 'omit' } })
    const times = (text: string) => text.split('P••••6789').length - 1
    // The field is left out; the sentence that names its value keeps the masked one.
    expect([times(masked), times(JSON.stringify(omitted))]).toEqual([2, 1])
  })

  it("takes the language of its options, the event's, the channel's, and TEAMS_LANGUAGE, in this order", () => {
    const config = { channels: { sre: { language: 'en' } } } as const
    const cards = createCardBuilder({ ...DEFAULTS, config, settings: { TEAMS_LANGUAGE: 'ar' } })
    const lang = (event: EventInput, channel: string, language?: Language) =>
      cards.build(event, { channel, ...(language === undefined ? {} : { language }) }).lang
    expect(lang({ ...SEALED, language: 'en' }, 'pmo', 'ar')).toBe('ar')
    expect(lang({ ...SEALED, language: 'ar' }, 'sre')).toBe('ar')
    expect(lang(SEALED, 'sre')).toBe('en')
    expect(lang(SEALED, '#pmo-updates')).toBe('ar')
  })

  it('takes channels and event types of the configuration', () => {
    const folder = embeddedFolder()
    const configFile = join(folder, 'config.yaml')
    writeFileSync(
      configFile,
      'channels: { lab: { name: "#lab" } }\nevent_types: { vault.seal.detected: { priority: low } }\n',
    )
    const card = buildCard(SEALED, { channel: '#lab', env: { TEAMS_CONFIG_FILE: configFile } })
    expect(card.fallbackText).toContain('LOW')
  })

  it('lists every problem of event, channel and language in one error', () => {
    const event = {
      eventType: 'vault.seal.detected',
      data: { node: 7, auto_unseal_attempted: 'perhaps' },
      priority: 'urgent',
    }
    const wrong = refusal(() => buildCard(event as never, { ...DEFAULTS, channel: 'srr', language: 'fr' as Language }))
    expect([wrong.code, wrong.problems.map(({ at }) => at).sort()]).toEqual([
      'invalid_event',
      ['event.data.auto_unseal_attempted', 'event.data.node', 'event.priority', 'options.channel', 'options.language'],
    ])
    const place = refusal(() => buildCard(SEALED, DEFAULTS as never))
    expect([place.code, place.problems]).toEqual([
      'invalid_request',
      [{ at: 'options.channel', found: 'nothing', expected: expect.stringContaining('security_eng') }],
    ])
    expect(refusal(() => buildCard(undefined as never, { ...DEFAULTS, channel: 'sre' })).problems).toMatchObject([
      { at: 'event', found: 'nothing' },
    ])
    for (const options of [undefined, null, 'sre'])
      expect(refusal(() => buildCard(SEALED, options as never)).problems).toMatchObject([{ at: 'options' }])
    expect(refusal(() => buildCard(SEALED, { channel: 'sre', env: { TEAMS_LANGUAGE: 'fr' } })).code).toBe(
      'invalid_settings',
    )
  })

  it('opens no database, keeps the process alive no longer, and leaves nothing behind', async () => {
    const folder = embeddedFolder()
    mkdirSync(folder, { recursive: true })
    const program = join(folder, 'program.ts')
    writeFileSync(
      program,
      `import { buildCard } from '${pathToFileURL('src/index.ts').href}'
       const card = buildCard({ eventType: 'vault.seal.detected', data: { node: 'n' } }, { channel: 'sre' })
       console.log(card.version)`,
    )
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const before = readdirSync(folder)
    // Nothing listens on port 9.
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: 'postgres://127.0.0.1:9/none',
      TEAMS_REDIS_URL: 'redis://127.0.0.1:9',
    }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { cwd: folder, env })
    expect([stdout, stderr, readdirSync(folder)]).toEqual(['1.5\n', '', before])
  })
})
