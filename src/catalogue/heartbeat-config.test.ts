import { describe, expect, it } from 'vitest'
import { isGatewayError } from '../kernel/errors.ts'
import type { ConfigInput } from './config-input.ts'
import { loadCatalogue } from './load.ts'

const load = (config: ConfigInput) =>
  loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 }, config }).heartbeats

function problems(config: unknown): readonly string[] {
  try {
    load(config as ConfigInput)
  } catch (error) {
    if (isGatewayError(error)) return error.problems.map(({ at, expected }) => `${at}: ${expected}`)
    throw error
  }
  return []
}

describe('the heartbeats of the configuration', () => {
  it('have a schedule, and defaults for the rest', () => {
    expect(load({ heartbeats: { import: { every: '1h' } } }).get('import')).toEqual({
      name: 'import',
      title: 'import',
      schedule: { everyMs: 3_600_000 },
      graceMs: 300_000,
      longestMs: undefined,
      eventType: undefined,
      endType: 'heartbeat.recovered',
      priority: undefined,
      stakeholders: undefined,
      runbookUrl: undefined,
      output: true,
      alertmanager: undefined,
    })
  })

  it('may have cron with a time zone, and an event type that another one resolves', () => {
    const { heartbeats } = {
      heartbeats: load({
        event_types: {
          'lab.sync.missed': { priority: 'LOW', stakeholders: ['pmo'], card: 'system_alert' },
          'lab.sync.done': {
            priority: 'INFO',
            stakeholders: ['pmo'],
            card: 'system_alert',
            resolves: ['lab.sync.missed'],
          },
        },
        heartbeats: {
          backup: { cron: '30 1 * * 0-4', event_type: 'backup.failed', stakeholders: ['SRE'], priority: 'critical' },
          lab: { cron: '@daily', time_zone: 'UTC', event_type: 'lab.sync.missed', longest: '2h' },
          watchdog: { every: '5m', alertmanager: 'default', alert: 'Watchdog' },
        },
      }),
    }
    expect(heartbeats.get('backup')).toMatchObject({
      schedule: { cron: '30 1 * * 0-4', timeZone: 'Asia/Riyadh' },
      eventType: 'backup.failed',
      endType: 'backup.recovered',
      stakeholders: ['sre'],
      priority: 'CRITICAL',
    })
    expect(heartbeats.get('lab')).toMatchObject({ endType: 'lab.sync.done', longestMs: 7_200_000 })
    expect(heartbeats.get('watchdog')).toMatchObject({ alertmanager: { source: 'default', alert: 'Watchdog' } })
  })

  it('are refused with every problem at once', () => {
    expect(
      problems({
        heartbeats: {
          none: {},
          both: { every: '1h', cron: '0 1 * * *' },
          zone: { every: '1h', time_zone: 'UTC' },
          unresolved: { every: '1h', event_type: 'security.alert' },
          other_card: { every: '1h', event_type: 'vault.seal.detected' },
          own: { every: '1h', event_type: 'gateway.source.blind' },
          source: { every: '5m', alertmanager: 'prod' },
          alert: { every: '5m', alert: 'Watchdog' },
        },
      }).map((problem) => problem.split(': ')[0]),
    ).toEqual([
      'heartbeats.none',
      'heartbeats.both',
      'heartbeats.zone.time_zone',
      'heartbeats.unresolved.event_type',
      'heartbeats.other_card.event_type',
      'heartbeats.own.event_type',
      'heartbeats.source.alertmanager',
      'heartbeats.alert.alertmanager',
    ])
  })

  it.each([
    ['every', '10s'],
    ['every', 'hourly'],
    ['grace', '1s'],
    ['cron', '* * * *'],
    ['cron', '0 0 1 * * *'],
    ['cron', '0 0 31 2 *'],
    ['cron', 'H 2 * * *'],
    ['cron', 'every day'],
    ['time_zone', 'AST'],
    ['title', ''],
    ['runbook_url', 'javascript:alert(1)'],
    ['output', 'yes'],
  ])('with %s: %s are refused', (field, value) => {
    const schedule = field === 'every' || field === 'cron' ? {} : { cron: '0 1 * * *' }
    expect(problems({ heartbeats: { backup: { ...schedule, [field]: value } } })).toMatchObject([
      expect.stringContaining(`heartbeats.backup.${field}: `),
    ])
  })

  it.each(['Backup', 'nightly.backup', 'a:b', '1st', 'x'.repeat(42)])('with the name %s are refused', (name) => {
    expect(problems({ heartbeats: { [name]: { every: '1h' } } })).toHaveLength(1)
  })
})
