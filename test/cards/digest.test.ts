import { describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/cards/renderer.ts'
import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { DIGEST_TYPE } from '../../src/catalogue/event-types.ts'
import { LANGUAGES, type Language } from '../../src/catalogue/language.ts'
import { PRIORITIES, type Priority } from '../../src/catalogue/priority.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { elementsOf, readable } from './inspect.ts'
import { OPTIONS, REGISTRY, requestFor } from './setup.ts'

const ID = '01946a5f-e2a0-7000-8000-00000000d193'
const COMMAND = `claimlinc-teams notifications list --digest ${ID}`
const renderer = createRenderer({
  ...OPTIONS,
  actionLink: (action) => `https://gateway.example.sa/act/${action}`,
})

function render(language: Language, data: JsonObject = {}, priority: Priority = 'INFO', from = renderer) {
  const request = requestFor(DIGEST_TYPE, language)
  return from.render({ ...request, event: { ...request.event, priority, data: { ...request.event.data, ...data } } })
}
const shown = (language: Language, data: JsonObject = {}) => readable(render(language, data).card)
const lines = (language: Language, data: JsonObject = {}) => shown(language, data).split('\n')
const buttons = (card: JsonObject) => (card.actions ?? []) as readonly JsonObject[]

describe('the card of a digest', () => {
  it('shows count, event types, period, groups and the command that lists all members', () => {
    const text = shown('en')
    for (const part of [
      'Digest: 9,990 notifications',
      'Claim submitted to NPHIES\n9,990',
      'First\n15 Jan 2025, 13:00:01 GMT+3',
      'Last\n15 Jan 2025, 13:00:29 GMT+3',
      'Counted by: Payer\nBupa Arabia\n4,120\nالتعاونية\n3,077',
      'Malath\n37\n… and 2 more',
      'CLM-2025-001201',
      'CLM-2025-001220',
      '… and 9,970 more',
      COMMAND,
    ])
      expect(text).toContain(part)
    expect(text).not.toContain('Buruj')
    expect(text).not.toContain('Shortened')
  })

  it('says so in Arabic too, in words that fit any number', () => {
    const text = shown('ar')
    for (const part of [
      'موجز الإشعارات – العدد: 9,990',
      'أُرسلت المطالبة إلى نفيس\n9,990',
      'العدد حسب: شركة التأمين\nBupa Arabia\n4,120',
      'وعدد العناصر غير المعروضة: 9,970',
    ])
      expect(text).toContain(part)
  })

  it.each(LANGUAGES)('has a command and ids in %s that can be copied as they stand', (language) => {
    const texts = elementsOf(render(language).card).flatMap(({ type, text }) => (type === 'TextRun' ? [text] : []))
    expect(texts).toContain(COMMAND)
    expect(texts).toContain(Array.from({ length: 5 }, (_, i) => `CLM-2025-00120${i + 1}`).join('\n'))
  })

  it('names what is counted in the language of the card, where there is a word', () => {
    const counted = (label: string) => ({ groups: [{ label, count: 4 }] })
    expect(lines('ar', { group_by: 'error_type', ...counted('network') })).toContain('الشبكة')
    expect(lines('en', { group_by: 'error_type', ...counted('timeout') })).toContain('timeout')
    expect(lines('en', { group_by: 'ward', ...counted('jwt') })).toEqual(
      expect.arrayContaining(['Counted by: ward', 'jwt']),
    )
    expect(lines('en', { group_by: null, ...counted('backup.failed') })).toEqual(
      expect.arrayContaining(['Counts', 'Backup failed']),
    )
    expect(lines('en', { event_types: [{ label: 'lab.result.ready', count: 4 }] })).toContain('lab.result.ready')
    // A title that names data has none here.
    expect(lines('en', { event_types: [{ label: DIGEST_TYPE, count: 4 }] })).toContain(DIGEST_TYPE)
  })

  it('counts the groups and types that the event itself leaves out', () => {
    expect(lines('en', { more_groups: 1488 })).toContain('… and 1,490 more')
    expect(lines('en', { more_types: 7 })).toContain('… and 7 more')
  })

  it('shows five ids, the rest on demand', () => {
    const card = (count: number) =>
      render('en', { correlation_ids: Array.from({ length: count }, (_, i) => `id-${i}`), more: null }).card
    const toggles = (count: number) => elementsOf(card(count)).filter(({ type }) => type === 'Action.ToggleVisibility')
    expect(toggles(5)).toEqual([])
    expect(toggles(6)).toHaveLength(1)
    const hidden = elementsOf(card(6)).filter(({ isVisible }) => isVisible === false)
    expect(hidden.map(({ id }) => [id])).toEqual(toggles(6).map(({ targetElements }) => targetElements))
    expect(readable(hidden[0] ?? {})).toBe('id-5')
  })

  it('leaves out empty sections', () => {
    const text = shown('en', { groups: [], group_by: null, correlation_ids: [], more: null })
    for (const gone of ['Count', 'Correlation ids', 'more']) expect(text).not.toContain(gone)
  })
})

describe('a digest that is too large', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => `claim-2025-01-15-riyadh-${String(i).padStart(6, '0')}`)

  it.each(LANGUAGES)('loses correlation ids first and says so, in %s', (language) => {
    const { card, bytes, shrunk } = render(language, { correlation_ids: many, more: 7_990 })
    const text = readable(card)
    const left = many.filter((id) => text.includes(id)).length
    expect(bytes).toBeLessThanOrEqual(OPTIONS.maxBytes)
    expect(shrunk).toBe('lists_cut')
    expect(left).toBeGreaterThanOrEqual(80)
    expect(text).toContain((9_990 - left).toLocaleString('en'))
    expect(text).toContain('Malath\n37')
    expect(text).toContain(COMMAND)
    expect(text).toMatch(/Shortened to fit|اختُصرت/)
  })

  it('keeps as many correlation ids as fit', () => {
    const { card, bytes } = render('en', { correlation_ids: many, groups: [{ label: 'Medgulf', count: 9_990 }] })
    const text = readable(card)
    expect(bytes).toBeGreaterThan(OPTIONS.maxBytes * 0.75)
    expect(many.filter((id) => text.includes(id)).length).toBeGreaterThan(200)
  })

  it.each(LANGUAGES)('fits with the longest labels and ids, and keeps its command, in %s', (language) => {
    const label = 'خطأ في الاتصال '.repeat(66)
    const { card, bytes } = render(language, {
      event_types: Array.from({ length: 12 }, () => ({ label, count: 1 })),
      groups: Array.from({ length: 1_000 }, () => ({ label, count: 1 })),
      correlation_ids: many.map((id) => id.padEnd(200, 'x')),
    })
    expect(bytes).toBeLessThanOrEqual(OPTIONS.maxBytes)
    expect(readable(card)).toContain(COMMAND)
  })
})

describe('the buttons of a digest', () => {
  const titles = (priority: Priority) => buttons(render('en', {}, priority).card).map(({ title }) => title)

  it.each(PRIORITIES)('are those of any %s card', (priority) => {
    const urgent = ['CRITICAL', 'HIGH'].includes(priority)
    expect(titles(priority)).toEqual([
      ...(priority === 'INFO' ? [] : ['Acknowledge']),
      ...(urgent ? ['Escalate'] : []),
      'All notifications',
    ])
  })

  it('lead to its notifications, and nowhere without an address', () => {
    expect(buttons(render('en').card)).toEqual([
      {
        type: 'Action.OpenUrl',
        title: 'All notifications',
        url: `https://teams-gateway.example.sa/v1/notifications?digest_id=${ID}`,
      },
    ])
    const bare = createRenderer({ ...OPTIONS, links: {} })
    expect(buttons(render('en', {}, 'INFO', bare).card)).toEqual([])
    expect(buttons(render('en', { digest_id: null }).card)).toEqual([])
  })
})

it('is drawn as system_alert by a gateway of the previous version, which has no type gateway.digest', () => {
  const eventTypes = new Map(REGISTRY.eventTypes)
  eventTypes.delete(DIGEST_TYPE)
  const before: Catalogue = { ...REGISTRY, eventTypes }
  const request = { ...requestFor(DIGEST_TYPE, 'en'), card: 'system_alert' }
  const text = readable(createRenderer({ ...OPTIONS, catalogue: before }).render(request).card)
  expect(text).toContain('9,990 × nphies.claim.submitted')
  expect(text).toContain('Component\nnphies.claim.submitted')
})
