import { describe, expect, it } from 'vitest'
import { createReplyReader } from './replies.ts'

/** Gives the bytes to a reader in segments of this size, and returns what it has at the end. */
function readIn(size: number, text: string, count: number) {
  const reader = createReplyReader(count, true)
  const bytes = Buffer.from(text, 'latin1')
  let read: readonly string[] | undefined
  for (let at = 0; at < bytes.length; at += size) read = reader.add(bytes.subarray(at, at + size))
  return read
}

describe('replies of Redis', () => {
  it.each([1, 2, 3, 7, 1_000])('are the same in segments of %i bytes', (size) => {
    expect(readIn(size, '+OK\r\n$14\r\nrole:master\r\n\r\r\n', 2)).toEqual(['OK', 'role:master\r\n\r'])
    expect(readIn(size, '$0\r\n\r\n', 1)).toEqual([''])
    expect(readIn(size, '+OK\r\n$5\r\nrole', 2)).toBeUndefined()
  })

  it.each([
    ['answer_unreadable', 'HTTP/1.1 400 Bad Request\r\n'],
    ['answer_unreadable', '*1\r\n'],
    ['answer_unreadable', '$many\r\n'],
    ['answer_too_large', '$999999999\r\n'],
    ['answer_too_large', `+${'x'.repeat(5_000)}`],
    ['secret_refused', '-WRONGPASS invalid username-password pair\r\n'],
    ['rights_missing', "-NOPERM this user has no permissions to run the 'info' command\r\n"],
    ['busy', '-LOADING Redis is loading the dataset in memory\r\n'],
  ])('that are %s', (code, text) => {
    expect(() => readIn(3, text, 1)).toThrow(code)
  })

  it.each([4_096, 4_097, 5_000])(
    'are the same for a line of %i bytes, with its end in one segment or in two',
    (length) => {
      const line = `+${'x'.repeat(length - 1)}\r\n`
      for (const size of [1, 7, length + 1, 10_000])
        if (length > 4_096) expect(() => readIn(size, line, 1)).toThrow('answer_too_large')
        else expect(readIn(size, line, 1)).toEqual([line.slice(1, -2)])
    },
  )

  it('cost no more in small segments: a megabyte takes less than two seconds of the processor', () => {
    const body = 'x'.repeat(2 ** 20 - 100)
    const before = process.cpuUsage()
    expect(readIn(8, `$${body.length}\r\n${body}\r\n`, 1)).toEqual([body])
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(2)
  })
})
