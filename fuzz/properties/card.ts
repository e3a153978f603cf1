import { isDeepStrictEqual } from 'node:util'
import { parserProblems } from '../../src/cards/elements.ts'
import type { RenderedCard } from '../../src/cards/rendered-card.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { activeContent, elementsOf, textsOf } from '../../test/cards/inspect.ts'
import { EVALUATED } from '../mutate/texts.ts'
import { hold } from '../target.ts'

/** Teams refuses more (`facts/teams.md`, 1.4). */
const TEAMS_MAX_BYTES = 28_672

/** The size of a card by the rule of Teams, counted here anew: a JSON string inside JSON, the worse of two encodings. */
function sizeOf(card: JsonObject): number {
  const stored = JSON.stringify(JSON.stringify(card))
  const ascii = [...stored].every((character) => character <= '\u007f')
  return ascii ? stored.length : Math.max(new TextEncoder().encode(stored).length, stored.length * 2)
}

/** It fits, and says truly how large it is. */
export function holdSize(rendered: RenderedCard, most: number): void {
  const size = sizeOf(rendered.card)
  hold(size === rendered.bytes, 'size', () => `a card of ${size} bytes says that it has ${rendered.bytes}`)
  hold(size <= Math.min(most, TEAMS_MAX_BYTES), 'size', () => `a card of ${size} bytes, where ${most} are allowed`)
}

/** The official parser takes it, and it is the same when it is drawn again. */
export function holdValid(card: JsonObject, again: JsonObject): void {
  const complaints = parserProblems(card)
  hold(complaints.length === 0, 'card', () => `the official parser says: ${complaints.join('; ').slice(0, 500)}`)
  hold(isDeepStrictEqual(card, again), 'card', () => 'the same event makes another card the second time')
  for (const element of elementsOf(card))
    if (element.type === 'Action.OpenUrl')
      hold(
        /^https?:\/\//.test(String(element.url)),
        'card',
        () => `a button leads to ${String(element.url).slice(0, 80)}`,
      )
}

/** No expression is left, and none of the data's was evaluated. `given` is everything that came from outside. */
export function holdExpressions(card: JsonObject, given: string): void {
  const text = JSON.stringify(card)
  const left = /\$\{[^"]{0,60}/.exec(text)?.[0]
  hold(left === undefined || given.includes('$'), 'expression', () => `${left} is left on the card`)
  hold(
    !text.includes(EVALUATED) || given.includes(EVALUATED),
    'expression',
    () => 'an expression that came as data was evaluated',
  )
  for (const hole of ['[object Object]', 'undefined', 'NaN'])
    hold(!text.includes(hole) || given.includes(hole), 'expression', () => `the card says ${hole}`)
}

/** Nothing that came from outside does anything. */
export function holdInert(card: JsonObject): void {
  const active = activeContent(card)
  hold(active.length === 0, 'inert', () => active.join('; ').slice(0, 500))
  // What a bot gets back from a button is the id as it was sent; no person sees it.
  const shown = textsOf(card).filter(({ key }) => key !== 'correlation_id')
  const odd = shown.find(({ text }) => /[\uFDD0\uFDD1\u202A-\u202E]/.test(text))
  hold(odd === undefined, 'inert', () => `a mark or a direction is on the card in ${odd?.type}.${odd?.key}`)
}
