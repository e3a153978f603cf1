import { expect, it } from 'vitest'
import { fold, foldNow, PIECE } from './fold.ts'

it('makes at most four letters of any character, so that a text can not grow without bound', () => {
  const wrong: string[] = []
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const { letters } = foldNow(String.fromCodePoint(code))
    if (letters.length > 4) wrong.push(`${code.toString(16)}: ${letters.length}`)
  }
  expect(wrong).toEqual([])
  expect(foldNow('\uFDFA'.repeat(1_000)).letters).toHaveLength(1_000)
}, 60_000)

it('takes steps in a long text, and makes the same of it as at once', () => {
  const text = 'P١٢٣ \u{1D7D8}é\u200B'.repeat(PIECE)
  const steps = fold(text)
  let taken = 0
  let step = steps.next()
  for (; !step.done; step = steps.next()) taken += 1
  expect(taken).toBeGreaterThan(5)
  expect(step.value.letters === foldNow(text).letters).toBe(true)
})
