import { describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/cards/renderer.ts'
import type { EscalationNote } from '../../src/contract/escalations.ts'
import { OPTIONS, requestFor } from './setup.ts'

const renderer = createRenderer(OPTIONS)
const tier: EscalationNote = {
  kind: 'tier',
  tier: 2,
  of: 4,
  minutes: 5,
  by_hand: false,
  mentions: [{ name: 'Sara', id: 'sara@hospital.example' }],
}

/** The card of a tier as text; fails where it is too large. */
function rendered(language: 'en' | 'ar', escalation: EscalationNote, maxBytes = OPTIONS.maxBytes): string {
  const one = maxBytes === OPTIONS.maxBytes ? renderer : createRenderer({ ...OPTIONS, maxBytes })
  const { json, bytes } = one.render({ ...requestFor('vault.seal.detected', language), escalation })
  expect(bytes).toBeLessThanOrEqual(maxBytes)
  // Without the isolates around numbers in Arabic.
  return json.replaceAll(/[\u2066-\u2069]/g, '')
}

describe('the card of a tier', () => {
  it('says which tier it is, and for how long nobody has acknowledged, in both languages', () => {
    expect(rendered('en', tier)).toContain('Tier 2 of 4: nobody has acknowledged this for 5 minutes.')
    expect(rendered('ar', tier)).toMatch(/المستوى 2 من 4: لم يؤكد أحد استلام هذا التنبيه منذ 5 دقائق\./)
    expect(rendered('en', { ...tier, minutes: 119 })).toContain('for 119 minutes')
    expect(rendered('en', { ...tier, minutes: 1_320 })).toContain('for 22 hours')
    expect(rendered('en', { ...tier, minutes: 5_000 })).toContain('for 3 days')
    expect(rendered('en', { ...tier, by_hand: true })).toContain('somebody asked for this tier')
  })

  it('mentions the people of the tier besides those of the channel, each once', () => {
    const request = requestFor('vault.seal.detected', 'en')
    const mentions = [
      { name: 'Sara of IT', id: 'SARA@hospital.example', priorities: ['CRITICAL'] as const },
      { name: 'Omar', id: 'omar@hospital.example', priorities: ['CRITICAL'] as const },
    ]
    const { card } = renderer.render({
      ...request,
      channel: { ...request.channel, mentions },
      escalation: tier,
    })
    const { entities } = card.msteams as { entities: { mentioned: { id: string } }[] }
    expect(entities.map(({ mentioned }) => mentioned.id)).toEqual(['SARA@hospital.example', 'omar@hospital.example'])
  })

  it('says before an acknowledgement expires when that is, in both languages', () => {
    const reminder = { kind: 'reminder', expires_at: '2025-01-15T15:00:00Z' } as const
    expect(rendered('en', reminder)).toMatch(/The acknowledgement expires at 15 Jan 2025, 18:00:00/)
    expect(rendered('ar', reminder)).toContain('ينتهي تأكيد الاستلام في')
  })

  it('fits, and keeps its tier however small it has to be', () => {
    for (const maxBytes of [4_000, 2_500]) {
      expect(rendered('en', tier, maxBytes)).toMatch(/tier 2/i)
      expect(rendered('ar', tier, maxBytes)).toContain('المستوى 2')
    }
  })
})
