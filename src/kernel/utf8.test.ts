import fc from 'fast-check'
import { expect, it } from 'vitest'
import { utf8Of } from './utf8.ts'

it('gives the bytes of all texts together, whatever is in them, after the room', () => {
  const texts = fc.array(fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(texts, fc.nat(9), (given, room) => {
      const expected = Buffer.concat(given.map((text) => Buffer.from(text)))
      expect(utf8Of(given, room).subarray(room).equals(expected)).toBe(true)
    }),
  )
})
