import { describe, expect, it } from 'vitest'
import { saltedHash } from '../store/entry-sql.ts'
import { compareFingerprints, type Fingerprints, formatFingerprints, readFingerprints } from './fingerprints.ts'

const values = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries))
const compare = (entries: Readonly<Record<string, string>>, earlier?: Fingerprints) =>
  compareFingerprints(values(entries), earlier, saltedHash)
const first = async (entries: Readonly<Record<string, string>>) => (await compare(entries)).fingerprints

describe('compareFingerprints', () => {
  it('names values that are new, gone or different, and no others', async () => {
    const earlier = await first({ a: '1', b: '2', c: '3' })
    const { changed } = await compare({ d: '4', c: '3', b: '5' }, earlier)
    expect(changed).toEqual(['a', 'b', 'd'])
  })

  it('gives the same fingerprints while nothing changes, and a new salt otherwise', async () => {
    const earlier = await first({ a: '1', b: '2' })
    const same = await compare({ b: '2', a: '1' }, earlier)
    expect(same).toEqual({ fingerprints: earlier, changed: [] })
    expect(formatFingerprints(same.fingerprints)).toBe(formatFingerprints(earlier))
    const { fingerprints } = await compare({ a: '1', b: '3' }, earlier)
    expect(fingerprints.salt).not.toBe(earlier.salt)
    expect(fingerprints.hashes.a).not.toBe(earlier.hashes.a)
  })

  it('holds no value', async () => {
    expect(formatFingerprints(await first({ a: 'a long value' }))).not.toContain('long')
  })
})

describe('readFingerprints', () => {
  it('reads what formatFingerprints wrote, and nothing else', async () => {
    const fingerprints = await first({ a: '1', 'channels.sre': '{}' })
    expect(readFingerprints(formatFingerprints(fingerprints))).toEqual(fingerprints)
    expect(readFingerprints(undefined)).toBeUndefined()
    expect(readFingerprints('{"v":2}')).toBeUndefined()
  })
})
