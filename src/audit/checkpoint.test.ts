import { describe, expect, it } from 'vitest'
import { formatCheckpoint, InvalidCheckpoint, readCheckpoint } from './checkpoint.ts'
import { emptyRoot } from './tree.ts'

// The example of https://c2sp.org/tlog-checkpoint. Its page gives no key, so its signature can not be verified.
const EXAMPLE = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'

describe('a checkpoint', () => {
  it('is read and written as in the published example', () => {
    const read = readCheckpoint(EXAMPLE)
    expect(read).toEqual({
      origin: 'example.com/behind-the-sofa',
      size: 20_852_163,
      root: Buffer.from('0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62', 'hex'),
      extensions: [],
    })
    expect(formatCheckpoint(read)).toBe(EXAMPLE)
  })

  it('keeps extension lines, and an origin that is no URL', () => {
    const read = readCheckpoint(`Go SUM database\n9007199254740991\n${emptyRoot().toString('base64')}\nmore 1\n— x\n`)
    expect([read.origin, read.size, read.extensions]).toEqual([
      'Go SUM database',
      Number.MAX_SAFE_INTEGER,
      ['more 1', '— x'],
    ])
  })

  it.each([
    ['nothing', ''],
    ['two lines', 'a\n1\n'],
    ['no last line feed', EXAMPLE.trimEnd()],
    ['no origin', EXAMPLE.replace('example.com/behind-the-sofa', '')],
    ['an empty extension line', `${EXAMPLE}\n`],
    ['a carriage return', EXAMPLE.replace('\n', '\r\n')],
    ['a size with a leading zero', EXAMPLE.replace('20852163', '020852163')],
    ['a size with a sign', EXAMPLE.replace('20852163', '+20852163')],
    ['a size in hex', EXAMPLE.replace('20852163', '0x13e2d43')],
    ['a size with a space', EXAMPLE.replace('20852163', '20852163 ')],
    ['a size in Arabic digits', EXAMPLE.replace('20852163', '٢٠٨')],
    ['a size of 2^53', EXAMPLE.replace('20852163', '9007199254740992')],
    ['a root of 31 bytes', EXAMPLE.replace(/\S+=\n$/, `${Buffer.alloc(31).toString('base64')}\n`)],
    ['a root in URL-safe base64', EXAMPLE.replace('om/Xa', 'om_Xa')],
    ['a root without padding', EXAMPLE.replace('q2I=', 'q2I')],
    ['a root with unused bits', EXAMPLE.replace('q2I=', 'q2J=')],
  ])('is refused with %s', (_, text) => {
    expect(() => readCheckpoint(text)).toThrow(InvalidCheckpoint)
  })

  it.each([
    { origin: 'a b', size: 1, root: emptyRoot() },
    { origin: 'a\nb', size: 1, root: emptyRoot() },
    { origin: '', size: 1, root: emptyRoot() },
    { origin: 'a', size: -1, root: emptyRoot() },
    { origin: 'a', size: 0.5, root: emptyRoot() },
    { origin: 'a', size: 2 ** 53, root: emptyRoot() },
    { origin: 'a', size: 1, root: Buffer.alloc(31) },
  ])('is not written with origin $origin and size $size where one of its lines would be wrong', (checkpoint) => {
    expect(() => formatCheckpoint(checkpoint)).toThrow(InvalidCheckpoint)
  })
})
