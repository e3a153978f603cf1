import { expect, it } from 'vitest'
import { fold, foldNow, startOf, UNITS_PER_STEP } from './fold.ts'

/** How many letters each of these characters makes. Between any two stands an x, so that two blanks do not become one. */
function lettersOfEach(characters: readonly string[]): readonly number[] {
  const folded = foldNow(`${characters.join('x')}x`)
  const counts = new Map<number, number>()
  for (let unit = 0; unit < folded.letters.length; unit++) {
    const start = startOf(folded, unit)
    counts.set(start, (counts.get(start) ?? 0) + 1)
  }
  let start = 0
  return characters.map((character) => {
    const count = counts.get(start) ?? 0
    start += character.length + 1
    return count
  })
}

it('folds any character to at most four letters', () => {
  // Many characters at once, which takes a third of the time.
  const AT_ONCE = 4_096
  const most = new Map<number, string>()
  for (let from = 0; from <= 0x10ffff; from += AT_ONCE) {
    const codes = Array.from({ length: AT_ONCE }, (_, index) => from + index).filter(
      (code) => code < 0xd800 || code > 0xdfff,
    )
    for (const [index, count] of lettersOfEach(codes.map((code) => String.fromCodePoint(code))).entries())
      most.set(count, (codes[index] ?? 0).toString(16))
  }
  expect([...most.keys()].sort()).toEqual([0, 1, 2, 3, 4])
  expect(foldNow('\uFDFA'.repeat(1_000)).letters).toHaveLength(1_000)
}, 60_000)

it('folds a long text in steps to the same result as at once', () => {
  const text = 'P١٢٣ \u{1D7D8}é\u200B'.repeat(UNITS_PER_STEP)
  const steps = fold(text)
  let taken = 0
  let step = steps.next()
  for (; !step.done; step = steps.next()) taken += 1
  expect(taken).toBeGreaterThan(5)
  expect(step.value.letters === foldNow(text).letters).toBe(true)
})
