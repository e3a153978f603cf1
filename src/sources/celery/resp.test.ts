import { describe, expect, it } from 'vitest'
import { createRespReader, RespError } from './resp.ts'

const MOST = 1_000

/** Gives the bytes to a reader in segments of this size, and returns all values. */
function readIn(size: number, text: string): readonly unknown[] {
  const reader = createRespReader(MOST)
  const bytes = Buffer.from(text)
  const values: unknown[] = []
  for (let at = 0; at < bytes.length; at += size) values.push(...reader.add(bytes.subarray(at, at + size)))
  return JSON.parse(
    JSON.stringify(values, (_, value) => (value?.type === 'Buffer' ? String(Buffer.from(value)) : value)),
  )
}

describe('values of Redis', () => {
  it.each([1, 3, 7, 10_000])('are the same in segments of %i bytes', (size) => {
    const text = '+OK\r\n:7\r\n$-1\r\n$5\r\na\r\nb\u0000\r\n*2\r\n$1\r\nx\r\n*1\r\n:1\r\n-NOPERM no\r\n$3\r\nun'
    expect(readIn(size, text)).toEqual(['OK', 7, null, 'a\r\nb\u0000', ['x', [1]], { line: 'NOPERM no' }])
  })

  it.each([
    ['answer_unreadable', 'HTTP/1.1 400 Bad Request\r\n'],
    ['answer_unreadable', '$many\r\n'],
    ['answer_too_large', '$999999999\r\n'],
    ['answer_too_large', '*999999999\r\n'],
    ['answer_too_large', '*1\r\n'.repeat(20)],
    ['answer_too_large', `+${'x'.repeat(5_000)}`],
    ['answer_too_large', `*9\r\n${`$200\r\n${'x'.repeat(200)}\r\n`.repeat(9)}`],
  ])('that are %s', (code, text) => {
    expect(() => readIn(3, text)).toThrow(code)
    expect(() => readIn(10_000, text)).toThrow(code)
  })

  it('take a line at the limit, with its end in one segment or in two', () => {
    const line = Buffer.from(`+${'x'.repeat(4_095)}\r\n`)
    for (const size of [1, 4_097, 10_000]) {
      const reader = createRespReader(10_000)
      const values: unknown[] = []
      for (let at = 0; at < line.length; at += size) values.push(...reader.add(line.subarray(at, at + size)))
      expect(values).toEqual([line.subarray(1, -2)])
    }
  })

  it('tells an error reply from a value', () => {
    expect(createRespReader(MOST).add(Buffer.from('-ERR x\r\n'))[0]).toBeInstanceOf(RespError)
  })
})
