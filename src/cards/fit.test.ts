import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { teamsBytes } from '../contract/card-size.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Draft, type Draw, fitted } from './fit.ts'
import { SHRINK_STEPS } from './rendered-card.ts'
import { cut } from './text.ts'

interface Content {
  readonly texts: readonly string[]
  readonly list: readonly string[]
  readonly facts: readonly string[]
}

const content = fc.record({
  texts: fc.array(
    fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.repeat(700)),
    { maxLength: 4 },
  ),
  list: fc.array(fc.string({ maxLength: 300 }), { maxLength: 400 }),
  facts: fc.array(fc.string({ maxLength: 300 }), { maxLength: 80 }),
})

/** A card as plain as can be that obeys the limits. */
function drawing({ texts, list, facts }: Content): Draw {
  return ({ step, limits, buttons }: Draft): JsonObject => {
    const id = cut('the-correlation-id', limits.ids)
    if (step === 'minimal') return { step, id, buttons }
    return {
      step,
      id,
      texts: texts.map((text) => cut(text, limits.text)),
      list: list.slice(0, limits.list).map((text) => cut(text, limits.text)),
      facts: facts.slice(0, limits.facts).map((text) => cut(text, limits.text)),
    }
  }
}

describe('fitted', () => {
  it('always fits, reports the step that fitted, and is deterministic', () => {
    fc.assert(
      fc.property(content, fc.integer({ min: 2_048, max: 28_672 }), (given, limit) => {
        const result = fitted(drawing(given), limit)
        expect(result.bytes).toBe(teamsBytes(result.card))
        expect(result.bytes).toBeLessThanOrEqual(limit)
        expect(result.card.step).toBe(result.shrunk)
        expect(result.card.id).toBe('the-correlation-id')
        expect(fitted(drawing(given), limit)).toEqual(result)
      }),
      { numRuns: 150 },
    )
  })

  it('is whole exactly when the whole card fits', () => {
    fc.assert(
      fc.property(content, fc.integer({ min: 2_048, max: 28_672 }), (given, limit) => {
        const { shrunk } = fitted(drawing(given), limit)
        const whole = drawing(given)({ step: 'whole', limits: unlimited, buttons: true, note: true })
        expect(shrunk === 'whole').toBe(teamsBytes(whole) <= limit)
      }),
      { numRuns: 100 },
    )
  })

  it('cuts long texts before lists, lists before facts, and facts before all else', () => {
    const long = { texts: ['x'.repeat(100_000)], list: ['a'], facts: ['b'] }
    const many = { texts: [], list: Array.from({ length: 5_000 }, () => 'item'), facts: ['b'] }
    const rows = { texts: [], list: [], facts: Array.from({ length: 5_000 }, () => 'fact') }
    const fixed = (draft: Draft): JsonObject =>
      draft.step === 'minimal' ? { step: draft.step } : { step: draft.step, fixed: 'y'.repeat(50_000) }
    const steps = [drawing({ texts: [], list: [], facts: [] }), drawing(long), drawing(many), drawing(rows), fixed]
    expect(steps.map((draw) => fitted(draw, 20_000).shrunk)).toEqual(SHRINK_STEPS)
  })

  it('uses the available bytes', () => {
    const { bytes } = fitted(drawing({ texts: ['x'.repeat(100_000)], list: [], facts: [] }), 28_000)
    expect(bytes).toBeGreaterThan(15_000)
  })

  it('skips drafts that are certain to be too large', () => {
    const tried: string[] = []
    const draw: Draw = (draft) => {
      tried.push(draft.step)
      return draft.step === 'minimal' ? { a: 1 } : undefined
    }
    expect(fitted(draw, 2_048).shrunk).toBe('minimal')
    expect(tried[0]).toBe('whole')
  })
})

const unlimited = {
  text: Number.POSITIVE_INFINITY,
  ids: Number.POSITIVE_INFINITY,
  list: Number.POSITIVE_INFINITY,
  facts: Number.POSITIVE_INFINITY,
  total: Number.POSITIVE_INFINITY,
}
