import { describe, expect, it } from 'vitest'
import { canonicalJson, withSortedKeys } from './canonical-json.ts'
import type { Json } from './json.ts'

describe('canonicalJson', () => {
  it('writes the example of RFC 8785, section 3.2.3, in the order of UTF-16 code units', () => {
    const value = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 }
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}')
  })

  it.each<[Json, string]>([
    [{ b: 1, a: { d: [], c: null } }, '{"a":{"c":null,"d":[]},"b":1}'],
    [[{ z: 1, y: 2 }, 'x'], '[{"y":2,"z":1},"x"]'],
    [{ '9': 1, '10': 2 }, '{"10":2,"9":1}'],
    [{ a: [{ '9': { d: 1, c: 2 }, '10': 2 }] }, '{"a":[{"10":2,"9":{"c":2,"d":1}}]}'],
    [JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}'), '{"__proto__":{"c":2,"d":1},"b":1}'],
    [{ n: [1e21, 0.000001, -0, 1.5] }, '{"n":[1e+21,0.000001,0,1.5]}'],
    ['ü"\\\u0001', '"ü\\"\\\\\\u0001"'],
    [null, 'null'],
  ])('writes %j', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  it('sorts frozen objects too', () => {
    expect(canonicalJson(Object.freeze({ b: [Object.freeze({ d: 1, c: 2 })], a: 1 }))).toBe(
      '{"a":1,"b":[{"c":2,"d":1}]}',
    )
  })

  it('gives the same text for the same value, whatever the order of its keys', () => {
    expect(canonicalJson({ a: 1, b: [{ c: 1, d: 2 }] })).toBe(canonicalJson({ b: [{ d: 2, c: 1 }], a: 1 }))
  })
})

describe('withSortedKeys', () => {
  it('returns the same object where its keys are in order', () => {
    const value = { a: [{ b: 1, c: 2 }], d: 'x' }
    expect(withSortedKeys(value)).toBe(value)
  })

  it('does not change what it is given', () => {
    const value = { d: { b: 1, a: 2 }, c: [{ f: 1, e: 2 }] }
    expect(Object.keys(withSortedKeys(value))).toEqual(['c', 'd'])
    expect(JSON.stringify(value)).toBe('{"d":{"b":1,"a":2},"c":[{"f":1,"e":2}]}')
  })
})
