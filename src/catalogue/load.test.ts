import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import { CARD_DATA } from './card-data.ts'
import type { ConfigInput } from './config-input.ts'
import type { configSchema } from './config-schema.ts'
import { loadCatalogue } from './load.ts'

const defaults = { language: 'en', budget: { requests: 60, period: 60, burst: 10 } } as const
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function fileWith(text: string | Uint8Array, name = 'config.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'))
  folders.push(folder)
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** The problems of a configuration as `path: found; expected` lines; fails where there are none. */
function problemsOf(config: object | { configFile: string }): string[] {
  try {
    loadCatalogue('configFile' in config ? { ...defaults, ...config } : { ...defaults, config })
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    if (!(error instanceof GatewayError)) throw error
    expect(error.code).toBe('invalid_config_file')
    return error.problems.map(({ at, found, expected }) => `${at}: ${found}; ${expected}`)
  }
  throw new Error('the configuration was taken')
}

describe('the example', () => {
  const catalogue = loadCatalogue({ ...defaults, configFile: join(import.meta.dirname, '../../examples/config.yaml') })

  it('adds channels and changes built-in ones in part', () => {
    expect(catalogue.channels.size).toBe(9)
    expect(catalogue.channels.get('finance')).toMatchObject({ name: '#finance', auth: 'sas', budget: defaults.budget })
    expect(catalogue.channels.get('security_eng')).toEqual({
      key: 'security_eng',
      name: '#security-alerts',
      language: 'ar',
      payload: 'bare',
      auth: 'entra',
      muted: false,
      budget: { requests: 30, period: 60, burst: 5 },
      mentions: [{ name: 'Sara', id: 'sara@hospital.example', priorities: ['CRITICAL', 'HIGH'] }],
    })
  })

  it('adds groups and changes what a built-in group reads, keeping its names', () => {
    expect(catalogue.groups.get('finance')).toEqual({ names: ['Finance', 'Revenue cycle'], channels: ['finance'] })
    expect(catalogue.groups.get('pmo')).toEqual({ names: ['PMO'], channels: ['devops'] })
  })

  it('adds event types with the data of a card and more', () => {
    const type = catalogue.eventTypes.get('lab.result.delayed')
    expect(type).toMatchObject({ stakeholders: ['finance', 'nphies_integration'], card: 'system_alert' })
    expect([...(type?.phiFields ?? [])]).toEqual(['patient_id'])
    expect(catalogue.aliases.get('lab.result.late')).toBe('lab.result.delayed')
    const data = { component: 'lab', summary: 'late', runbook_url: 'https://example.com/', patient_id: 'P1', other: 1 }
    expect(type?.schema.parse(data)).toEqual(data)
    expect(type?.schema.safeParse({ ...data, runbook_url: undefined }).success).toBe(false)
    expect(type?.schema.safeParse({ ...data, patient_id: {} }).success).toBe(false)
  })

  it('changes a built-in type and keeps the rest of it', () => {
    const type = catalogue.eventTypes.get('celery.task.failed')
    expect(type).toMatchObject({ priority: 'MEDIUM', card: 'celery_task_failure' })
    expect([...(type?.phiFields ?? [])].sort()).toEqual(['member_id', 'patient_id'])
  })

  it('has fields for digests, repeats and resolutions', () => {
    expect(catalogue.eventTypes.get('lab.result.delayed')).toMatchObject({
      fingerprint: ['component'],
      groupBy: 'node',
      dedup: ['component', 'node'],
      resolves: [],
    })
    expect(catalogue.eventTypes.get('lab.result.on_time')).toMatchObject({
      fingerprint: [],
      groupBy: 'component',
      resolves: ['lab.result.delayed'],
    })
    expect(catalogue.eventTypes.get('prometheus.alert.resolved')?.resolves).toEqual(['prometheus.alert.firing'])
  })

  it('names the group of a route by its key', () => {
    expect(catalogue.routes).toEqual([
      {
        when: { eventType: 'celery.*', priorities: ['CRITICAL'], stakeholder: 'sre' },
        channels: ['finance'],
        mode: 'add',
      },
    ])
  })
})

describe('a valid configuration', () => {
  it('may be absent, an empty file, empty sections, or JSON with tabs', () => {
    expect(loadCatalogue(defaults).channels.size).toBe(8)
    expect(loadCatalogue({ ...defaults, configFile: fileWith('') }).channels.size).toBe(8)
    expect(loadCatalogue({ ...defaults, configFile: fileWith('channels:\nroutes:\n') }).channels.size).toBe(8)
    const json = '{\n\t"channels": {\n\t\t"finance": {}\n\t}\n}'
    expect(loadCatalogue({ ...defaults, configFile: fileWith(json, 'c.json') }).channels.get('finance')?.name).toBe(
      '#finance',
    )
  })

  it('builds the data of an own template from its fields, every type of them', () => {
    const file = fileWith(`
templates: ./cards
event_types:
  lab.result.ready:
    priority: info
    stakeholders: [PMO]
    card: lab_result
    data:
      result_id: { type: text, required: true }
      patient_id: { type: text, required: true, phi: true }
      count: { type: number }
      final: { type: boolean }
      at: { type: time }
      amount: { type: amount }
      link: { type: url }
      tests: { type: list }
      more: { type: object }
`)
    mkdirSync(join(file, '../cards'))
    const catalogue = loadCatalogue({ ...defaults, configFile: file })
    expect(catalogue.templatesDir).toBe(join(file, '../cards'))
    const type = catalogue.eventTypes.get('lab.result.ready')
    expect(type).toMatchObject({ priority: 'INFO', stakeholders: ['pmo'], card: 'lab_result' })
    expect([...(type?.phiFields ?? [])]).toEqual(['patient_id'])
    const right = { result_id: 'r', patient_id: 'p' }
    expect(type?.schema.safeParse(right).success).toBe(true)
    const wrong = { count: '1', final: 1, at: 'now', amount: {}, link: 'ftp://x', tests: 'a', more: [] }
    const result = type?.schema.safeParse({ ...right, ...wrong })
    expect(result?.error?.issues.map((issue) => issue.path[0]).sort()).toEqual(Object.keys(wrong).sort())
    expect(type?.schema.safeParse({}).error?.issues).toHaveLength(2)
  })

  it('keeps patient data known when a built-in type gets another card', () => {
    const file = fileWith(`
templates: .
event_types:
  celery.task.failed: { card: my_celery }
  celery.task.retry: { card: system_alert }
  celery.task.timeout: { data: { payer: { phi: true } } }
`)
    const { eventTypes } = loadCatalogue({ ...defaults, configFile: file })
    const phi = (name: string) => [...(eventTypes.get(name)?.phiFields ?? [])].sort()
    expect(phi('celery.task.failed')).toEqual(['member_id', 'patient_id'])
    expect(phi('celery.task.retry')).toEqual(['member_id', 'patient_id'])
    expect(phi('celery.task.timeout')).toEqual(['member_id', 'patient_id', 'payer'])
    expect(phi('celery.task.dlq')).toEqual(['member_id', 'patient_id'])
    // The card's own schema, which all types share, stays as it was.
    expect(CARD_DATA.celery_task_failure.shape.payer.meta()).toBeUndefined()
    expect(eventTypes.get('celery.task.failed')?.schema.safeParse({ task_name: 'a', task_id: 'b' }).success).toBe(false)
  })

  it('has the same type as the schema accepts', () => {
    // The compiler checks that the schema accepts all values of the hand-written type.
    const accepted = (config: ConfigInput): DeepReadonly<z.input<ReturnType<typeof configSchema>>> => config
    const config = accepted({
      channels: { finance: { budget: { burst: 3 } } },
      routes: [{ when: { priorities: ['critical'] }, channels: ['finance'], mode: 'only' }],
    } as const satisfies ConfigInput)
    expect(config.channels?.finance).toEqual({ budget: { burst: 3 } })
  })
})

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

describe('an invalid configuration', () => {
  it('is refused with every problem of its Alertmanagers', () => {
    expect(
      problemsOf({
        event_types: { 'lab.offline': { priority: 'LOW', stakeholders: ['sre'], card: 'system_alert' } },
        sources: {
          default: {
            kind: 'alertmanager',
            priorities: { page: 'urgent' },
            groups: { db: ['nobody'] },
            heartbeats: ['Watchdog'],
            rules: [
              { match: ['alertname=A'] },
              { match: [], priority: 'LOW' },
              { match: ['a=b'], event_type: 'kubernetes.pod.crashlop', channels: ['nowhere'] },
              { match: ['a!=b'], event_type: 'gateway.digest' },
              { match: ['a=b'], event_type: 'lab.offline' },
              { match: ['a=b'], event_type: 'prometheus.alert.resolved' },
            ],
          },
          other: { kind: 'alertmanger' },
        },
      }),
    ).toMatchInlineSnapshot(`
      [
        "sources.default.priorities.page: text of 6 characters that is none; one of: CRITICAL, HIGH, MEDIUM, LOW, INFO",
        "sources.default.groups.db[0]: text of 6 characters that is none; the key or name of a stakeholder group",
        "sources.default.rules[1].match: a list of 0; a list of conditions, at least one",
        "sources.default.rules[2].channels[0]: text of 7 characters that is none; the key of a channel",
        "sources.default.heartbeats[0]: text of 8 characters; a label, = or !=, and a value, such as alertname=Disk*",
        "sources.other.kind: text of 11 characters; one of: alertmanager, postgres, redis, celery, vault, rabbitmq",
        "sources.default.rules[0]: a rule without effect; one of: event_type, priority, stakeholders, channels",
        "sources.default.rules[2].event_type: a name that no event type has; an event type of docs/reference/events.md, or of this file, perhaps kubernetes.pod.crashloop",
        "sources.default.rules[3].event_type: a name that no event type has; an event type of docs/reference/events.md, or of this file",
        "sources.default.rules[5].event_type: an event type that resolves others; an event type of something that begins: when the group is over, its events are resolved anyway",
      ]
    `)
  })

  it('is refused with every problem and its path', () => {
    expect(
      problemsOf({
        chanels: {},
        channels: {
          vault_path: {},
          finance_file: {},
          Sales: {},
          finance: { langage: 'ar', budget: { requests: 0 }, mentions: [{ name: 'S', id: 'nobody' }], name: null },
        },
        stakeholder_groups: { finance: { names: ['CloudOps'], channels: ['finanse'] }, hr: {} },
        event_types: {
          'Lab.Result': { priority: 'INFO', stakeholders: ['sre'], card: 'system_alert' },
          'lab.result.ready': {
            priority: 'urgent',
            stakeholders: ['secuirty_eng'],
            card: 'sytem_alert',
            aliases: ['celery.task.retry', 'celery.task.failure'],
            data: { 'no good': { type: 'text' }, a: { type: 'txt' }, b: {}, alert_ids: { type: 'list' } },
          },
          'lab.result.sent': { card: 'system_alert', data: { summary: { type: 'text' } } },
          'nphies.jwt.error': { priority: 'LOW' },
        },
        routes: [
          { when: { event_type: 'celry.*' }, channels: [] },
          { when: { event_type: 'cel*.x' }, channels: ['nowhere'], mode: 'both' },
        ],
        templates: './not-there',
      }),
    ).toMatchInlineSnapshot(`
      [
        "channels.vault_path: a key of this form; a key of a-z, 0-9 and _, at most 41 characters, a letter first, not vault_path, not host_suffixes, and not with _file at its end (these are names of settings)",
        "channels.finance_file: a key of this form; a key of a-z, 0-9 and _, at most 41 characters, a letter first, not vault_path, not host_suffixes, and not with _file at its end (these are names of settings)",
        "channels.Sales: a key of this form; a key of a-z, 0-9 and _, at most 41 characters, a letter first, not vault_path, not host_suffixes, and not with _file at its end (these are names of settings)",
        "channels.finance.name: null; text of 1 to 100 characters (in YAML, a name that starts with # needs quotes)",
        "channels.finance.budget.requests: a number; a whole number from 1 to 1000000",
        "channels.finance.mentions[0].id: text of 6 characters; an Entra object id, or a user principal name such as sara@hospital.example",
        "channels.finance.langage: a key of this name; one of: name, language, payload, auth, muted, budget, mentions; perhaps language",
        "stakeholder_groups.finance.channels[0]: text of 7 characters that is none; the key of a channel, perhaps finance",
        "event_types.Lab.Result: a key of this form; lower-case words with dots between, such as lab.result.ready",
        "event_types.lab.result.ready.priority: text of 6 characters that is none; one of: CRITICAL, HIGH, MEDIUM, LOW, INFO",
        "event_types.lab.result.ready.stakeholders[0]: text of 12 characters that is none; the key or name of a stakeholder group, perhaps security_eng",
        "event_types.lab.result.ready.data.no good: a key of this form; a field name of letters, digits and _, at most 61 characters, a letter first",
        "event_types.lab.result.ready.data.a.type: text of 3 characters; one of: text, number, boolean, time, amount, url, list, object",
        "event_types.lab.result.ready.data.alert_ids: a key of this form; another name: the gateway itself keeps alerts in this field",
        "routes[0].channels: a list of 0; a list of channel keys, at least one",
        "routes[1].channels[0]: text of 7 characters that is none; the key of a channel",
        "routes[1].mode: text of 4 characters; one of: add, only",
        "chanels: a key of this name; one of: channels, stakeholder_groups, event_types, routes, escalation, pagers, sources, heartbeats, roles, two_person, templates; perhaps channels",
        "stakeholder_groups.finance.names[0]: a name that the group cloudops has; a name that no other group has",
        "event_types.lab.result.ready.aliases[0]: the name of an event type; a name that nothing else has",
        "event_types.lab.result.ready.aliases[1]: an alias of celery.task.failed; a name that nothing else has",
        "event_types.nphies.jwt.error: another name of nphies.jwt.expired; nphies.jwt.expired",
        "stakeholder_groups.hr.channels: nothing; a list of channel keys",
        "event_types.lab.result.ready.data.b.type: nothing; the type of the field",
        "event_types.lab.result.sent.priority: nothing; a value, since no built-in type has this name",
        "event_types.lab.result.sent.stakeholders: nothing; a value, since no built-in type has this name",
        "event_types.lab.result.sent.data.summary: a field that the card has already; no more than "required: true" and "phi: true" for it, or another name",
        "routes[0].when.event_type: a pattern that no event type matches; an event type, or a prefix with a star such as celery.*",
        "routes[1].when.event_type: a star that is not at the end; a prefix with a star at its end: celery.*",
        "templates: no such folder; a folder with templates",
      ]
    `)
  })

  it('names a card without a template, where no folder of own templates is set', () => {
    expect(problemsOf({ event_types: { 'celery.task.failed': { card: 'sytem_alert' } } })[0]).toMatch(
      /^event_types\.celery\.task\.failed\.card: a name that no built-in card has; .*perhaps system_alert/,
    )
  })

  it('quotes no value', () => {
    expect(problemsOf({ channels: { sre: { name: 5, auth: 'https://x.test/?sig=SECRET' } } }).join()).not.toContain(
      'SECRET',
    )
  })

  it('has two groups of one name in any letter case', () => {
    expect(
      problemsOf({
        stakeholder_groups: {
          a: { names: ['Ops'], channels: ['sre'] },
          b: { names: [' oPS '], channels: ['sre'] },
          c: { names: ['security eng.'], channels: ['sre'] },
        },
      }),
    ).toMatchInlineSnapshot(`
      [
        "stakeholder_groups.b.names[0]: a name that the group a has; a name that no other group has",
        "stakeholder_groups.c.names[0]: a name that the group security_eng has; a name that no other group has",
      ]
    `)
  })

  it('is reported with line and column of a syntax error, or with the problem of the file', () => {
    const syntax = fileWith('channels:\n  sre: {}\n  sre: {}\nroutes: [\n')
    const bytes = fileWith(new Uint8Array([0x61, 0xff, 0x62]))
    const folder = join(syntax, '..')
    expect(
      [syntax, bytes, folder, join(folder, 'none.yaml')].flatMap((configFile) =>
        problemsOf({ configFile }).map((line) => line.replaceAll(/\S*registry-\w+/g, '<folder>')),
      ),
    ).toMatchInlineSnapshot(`
      [
        "<folder>/config.yaml:3:3: a syntax error: duplicate key; YAML or JSON",
        "<folder>/config.yaml:5:1: a syntax error: bad indent; YAML or JSON",
        "<folder>/config.yaml: text that is not UTF-8; a YAML or JSON file (TEAMS_CONFIG_FILE)",
        "<folder>: a folder; a YAML or JSON file (TEAMS_CONFIG_FILE)",
        "<folder>/none.yaml: no such file; a YAML or JSON file (TEAMS_CONFIG_FILE)",
      ]
    `)
    expect(problemsOf({ configFile: fileWith('a: &a [1]\nb: *c\n') })).toHaveLength(1)
    expect(problemsOf({ configFile: fileWith('just text') })[0]).toContain('the configuration: text of 9 characters')
  })

  it('is given as a file and an object together', () => {
    expect(() => loadCatalogue({ ...defaults, configFile: fileWith(''), config: {} })).toThrow(/one of them/)
  })
})

describe('a reference in fingerprint, dedup, group_by or resolves', () => {
  const problems = (type: Record<string, unknown>) =>
    problemsOf({ event_types: { 'celery.task.failed': type } }).map((problem) => problem.split(';')[0])

  it('may be a field of the type, or a known type or alias', () => {
    const given = {
      fingerprint: ['queue', 'own'],
      dedup: ['task_id'],
      group_by: 'worker',
      resolves: ['celery.task.failure'],
    }
    const config = { event_types: { 'celery.task.failed': { ...given, data: { own: { type: 'text' } } } } } as const
    expect(loadCatalogue({ ...defaults, config }).eventTypes.get('celery.task.failed')).toMatchObject({
      ...{ fingerprint: ['queue', 'own'], dedup: ['task_id'], groupBy: 'worker' },
      resolves: ['celery.task.failed'],
    })
  })

  it('declares a field that the type does not have', () => {
    const given = { fingerprint: ['ward'], dedup: ['ward', 'bed'], group_by: 'ward' }
    const type = loadCatalogue({
      ...defaults,
      config: { event_types: { 'celery.task.failed': given } },
    }).eventTypes.get('celery.task.failed')
    const data = { task_name: 't', task_id: 'i', error: 'e', ward: 'W3', bed: 7 }
    expect(type?.schema.safeParse(data)).toMatchObject({ success: true, data })
    expect(Object.keys(type?.schema.shape ?? {})).toEqual(expect.arrayContaining(['ward', 'bed']))
    expect(problems({ dedup: ['iqama_number'] })).toEqual([
      'event_types.celery.task.failed.dedup[0]: a name that looks like patient data',
    ])
  })

  it('is refused, with all others in one error, where it is patient data or does not exist', () => {
    const given = { fingerprint: ['patient_id'], dedup: ['tsak_id'], group_by: 'own', resolves: ['celery.task.fialed'] }
    expect(problems({ ...given, data: { own: { type: 'text', phi: true } } })).toEqual([
      'event_types.celery.task.failed.fingerprint[0]: a field of patient data',
      'event_types.celery.task.failed.dedup[0]: a name that no field of the type has',
      'event_types.celery.task.failed.group_by: a field of patient data',
      'event_types.celery.task.failed.resolves[0]: a name that no event type has',
    ])
    expect(problems({ dedup: 'queue', group_by: 7 })).toHaveLength(2)
  })
})
