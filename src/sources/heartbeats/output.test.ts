import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_OUTPUT, readOutput } from './output.ts'

const read = (text: string) => readOutput(Buffer.from(text))

describe('the output of a job', () => {
  it('is kept as text, without colours and control characters', () => {
    expect(read('one\r\n\u001b[31mtwo\u001b[0m\tthree\u0007\u0000\n')).toBe('one\ntwo\tthree')
    expect(read('\u001b]0;title\u0007text')).toBe('text')
    expect(read('نسخة احتياطية')).toBe('نسخة احتياطية')
  })

  it('is absent where it has no text', () => {
    for (const text of ['', '\n \n', '\u001b[0m']) expect(read(text)).toBeUndefined()
  })

  it('that is too long keeps its last whole lines', () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}`)
    const kept = read(lines.join('\n'))
    expect(kept?.length).toBeLessThanOrEqual(MAX_OUTPUT)
    expect(kept).toMatch(/^line \d+\n/)
    expect(kept?.endsWith('line 9999')).toBe(true)
  })

  it('that is one long line keeps whole words, and of one long word nothing', () => {
    const kept = read(`${'1012345678 '.repeat(10_000)}end`)
    expect(kept).toMatch(/^1012345678 .* end$/)
    expect(read('1'.repeat(1_000_000))).toBeUndefined()
  })

  it('of any bytes is well-formed text within its limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000, size: 'max' }), (bytes) => {
        const kept = readOutput(Buffer.from(bytes))
        expect(kept === undefined || (kept.length <= MAX_OUTPUT && kept.isWellFormed() && kept.trim() !== '')).toBe(
          true,
        )
      }),
      { numRuns: 50 },
    )
  })
})
