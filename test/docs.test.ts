import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { pages } from '../scripts/docs/pages.ts'
import { CARD_DATA } from '../src/catalogue/card-data.ts'
import { CHECKPOINT_TYPE, DIGEST_TYPE, EVENT_TYPES, FOLLOWUP_TYPE } from '../src/catalogue/event-types.ts'
import { DEFAULT_CHANNEL_NAMES } from '../src/catalogue/stakeholder-groups.ts'
import { ACTION_RESULTS } from '../src/contract/actions.ts'
import { AUDIT_ENTRIES } from '../src/contract/audit-entries.ts'
import { OUTCOMES } from '../src/contract/outcomes.ts'
import { ERROR_CODES } from '../src/kernel/error-codes.ts'
import { LOG_FIELDS } from '../src/kernel/log-events/fields.ts'
import { LOG_EVENTS } from '../src/kernel/log-events/table.ts'
import { METRICS } from '../src/metrics/table.ts'
import { loadSettings } from '../src/settings/load.ts'
import { SETTINGS } from '../src/settings/table.ts'
import { STATE_CHANGES } from '../src/store/state-change-table.ts'

const committed = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8')

/** Once: the compiler writes declarations for one of them. */
const written = pages()

describe('pages written from tables', () => {
  it.each([...written.keys()])('%s is what "npm run docs" writes', (path) => {
    expect(committed(path)).toBe(written.get(path))
  })

  it.each([
    ['settings', Object.keys(SETTINGS)],
    ['errors', Object.keys(ERROR_CODES)],
    ['events', [...Object.keys(EVENT_TYPES), ...Object.keys(CARD_DATA)]],
    ['outcomes', Object.keys(OUTCOMES)],
    ['action-results', Object.keys(ACTION_RESULTS)],
    ['metrics', Object.keys(METRICS)],
    ['state-changes', Object.keys(STATE_CHANGES)],
    ['audit-entries', Object.keys(AUDIT_ENTRIES)],
    ['log-events', [...Object.keys(LOG_EVENTS), ...Object.keys(LOG_FIELDS)]],
  ])('docs/reference/%s.md leaves nothing out', (page, names) => {
    const text = committed(`docs/reference/${page}.md`)
    expect(names.filter((name) => !text.includes(name))).toEqual([])
  })
})

describe('openapi.json', () => {
  it('describes every event type and holds no reference to nothing', () => {
    const text = committed('docs/reference/openapi.json')
    const document = JSON.parse(text) as { components: { schemas: Record<string, unknown> } }
    // Nobody sends these but the gateway itself.
    expect(Object.keys(EVENT_TYPES).filter((type) => !text.includes(`"${type}"`))).toEqual([
      CHECKPOINT_TYPE,
      DIGEST_TYPE,
      FOLLOWUP_TYPE,
      'gateway.source.blind',
      'gateway.source.recovered',
    ])
    const references = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name)
    expect(references.length).toBeGreaterThan(0)
    expect(references.filter((name) => !(name in document.components.schemas))).toEqual([])
  })
})

describe('.env.example', () => {
  const example = committed('.env.example')

  it('sets nothing but the defaults when it is copied as it is', () => {
    expect(loadSettings(parseEnv(example))).toEqual(loadSettings({}))
  })

  it('has every setting and the webhook URL of every channel, and shows no secret', () => {
    const everything = parseEnv(example.replace(/^# (\w+=)/gm, '$1'))
    const webhooks = Object.keys(DEFAULT_CHANNEL_NAMES).map((key) => `TEAMS_WEBHOOK_${key.toUpperCase()}`)
    expect(Object.keys(everything).sort()).toEqual([...Object.keys(SETTINGS), ...webhooks].sort())
    const secret = [...webhooks, ...Object.entries(SETTINGS).flatMap(([name, row]) => ('secret' in row ? [name] : []))]
    expect(secret.filter((name) => everything[name] !== '')).toEqual([])
  })
})
