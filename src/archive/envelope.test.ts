import { describe, expect, it } from 'vitest'
import { generateArchiveKey, readArchiveKey } from '../contract/archive-keys.ts'
import { newId } from '../kernel/ids.ts'
import { openContent, rewrapDataKey, sealContent } from './envelope.ts'

function key() {
  const read = readArchiveKey(generateArchiveKey().text)
  if ('found' in read) throw new Error(read.found)
  return read.key
}

const [old, newest] = [key(), key()]
const name = { id: newId(), kind: 'celery.message' }
const content = Buffer.from('[["مريض", 12345678901234567890], {}, null]')
const sealed = sealContent(name, content, old)

describe('a sealed content', () => {
  it('opens with the archive key that wraps its data key, also beside a newer one', () => {
    expect(openContent(name, sealed, [newest, old])).toEqual({ content })
    expect(sealed.keyId).toBe(old.id)
  })

  it.each([0, 1, 70_000])('of %d bytes is none of them in plain text', (length) => {
    const plain = Buffer.alloc(length, 'patient')
    const { content: stored } = sealContent(name, plain, old)
    expect(stored.includes('patient')).toBe(false)
    expect(openContent(name, { ...sealContent(name, plain, old) }, [old])).toEqual({ content: plain })
  })

  it('has a data key of its own', () => {
    const other = sealContent(name, content, old)
    expect(openContent(name, { ...sealed, dataKey: other.dataKey }, [old])).toEqual({ why: 'archive_damaged' })
  })

  it('does not open without its archive key', () => {
    expect(openContent(name, sealed, [newest])).toEqual({ why: 'archive_key_missing' })
    expect(openContent(name, sealed, [])).toEqual({ why: 'archive_key_missing' })
  })

  it('does not open as the content of another record, or as another kind', () => {
    for (const other of [
      { ...name, id: newId() },
      { ...name, kind: 'nphies.request' },
    ])
      expect(openContent(other, sealed, [old])).toEqual({ why: 'archive_damaged' })
  })

  it.each(['content', 'dataKey'] as const)('does not open once a bit of its %s is another', (part) => {
    for (let at = 0; at < sealed[part].length; at += 1) {
      const changed = Buffer.from(sealed[part])
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(openContent(name, { ...sealed, [part]: changed }, [old])).toEqual({ why: 'archive_damaged' })
    }
    for (const short of [Buffer.alloc(0), sealed[part].subarray(0, 20), sealed[part].subarray(0, -1)])
      expect(openContent(name, { ...sealed, [part]: short }, [old])).toEqual({ why: 'archive_damaged' })
  })

  it('opens after a rewrap with the newest key alone', () => {
    const wrapped = rewrapDataKey(name, sealed, [newest, old], newest)
    if ('why' in wrapped) throw new Error(wrapped.why)
    const rewrapped = { ...sealed, ...wrapped, keyId: newest.id }
    expect(openContent(name, rewrapped, [newest])).toEqual({ content })
    expect(openContent(name, rewrapped, [old])).toEqual({ why: 'archive_key_missing' })
  })
})
