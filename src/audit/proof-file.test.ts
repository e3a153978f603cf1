import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { generateKey, readSigner, readVerifier } from '../contract/note-keys.ts'
import { formatCheckpoint } from './checkpoint.ts'
import { checkProofFile, formatProofFile, InvalidProofFile, readProofFile } from './proof-file.ts'
import { signNote } from './signed-note.ts'
import { inclusionProof } from './tiles.ts'
import { appendLeaves, createFrontier, leafHash } from './tree.ts'

// The example of https://c2sp.org/tlog-proof. Its page shortens the signatures, so only the format can be checked.
const EXAMPLE_CHECKPOINT = `example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw[...]1roloI=
`
const EXAMPLE = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

${EXAMPLE_CHECKPOINT}`

describe('a proof file', () => {
  it('is read and written as in the published example', () => {
    const file = readProofFile(EXAMPLE)
    expect([file.index, file.proof.length, file.checkpoint]).toEqual([73_894, 5, EXAMPLE_CHECKPOINT])
    expect(file.extra?.toString('latin1')).toMatch(/^age-v1\.2\.1-darwin-arm64\.tar\.gz/)
    expect(formatProofFile(file)).toBe(EXAMPLE)
  })

  it('may be without extra data and without hashes', () => {
    const text = 'c2sp.org/tlog-proof@v1\nindex 0\n\nrest\n'
    expect(readProofFile(text)).toEqual({ index: 0, proof: [], checkpoint: 'rest\n' })
    expect(formatProofFile({ index: 0, proof: [], checkpoint: 'rest\n' })).toBe(text)
  })

  it.each([
    ['nothing', ''],
    ['another first line', EXAMPLE.replace('@v1', '@v2')],
    ['no empty line', EXAMPLE.replaceAll('\n\n', '\n')],
    ['no index', EXAMPLE.replace(/index .*\n/, '')],
    ['an index with a leading zero', EXAMPLE.replace('73894', '073894')],
    ['an index below 0', EXAMPLE.replace('73894', '-1')],
    ['extra data after the index', EXAMPLE.replace(/(extra .*\n)(index .*\n)/, '$2$1')],
    ['extra data that is not base64', EXAMPLE.replace('extra Y', 'extra *')],
    ['two lines of extra data', EXAMPLE.replace(/(extra .*\n)/, '$1$1')],
    ['a hash of another length', EXAMPLE.replace('gSKyXoYZ', '')],
    ['a hash with unused bits', EXAMPLE.replace('dPlQ=', 'dPlR=')],
    ['a carriage return', EXAMPLE.replaceAll('\n', '\r\n')],
  ])('is refused with %s', (_, text) => {
    expect(() => readProofFile(text)).toThrow(InvalidProofFile)
    expect(checkProofFile(text, Buffer.alloc(0), [])).toMatchObject({ included: false, refusal: 'malformed' })
  })
})

describe('checkProofFile', () => {
  const log = generateKey('example.com/log')
  const other = generateKey('example.com/other')
  const verifiers = [readVerifier(log.verifierKey), readVerifier(other.verifierKey)]
  const entries = Array.from({ length: 700 }, (_, i) => Buffer.from(`{"entry":${i}}`))
  const leaves = entries.map(leafHash)
  const entry = entries[300] as Buffer
  const subtrees: Buffer[] = []
  const frontier = createFrontier(0, [])
  let text = ''

  const proofOf = (index: number) =>
    inclusionProof(index, 700, {
      read: async (level, tile, width) => (level === 0 ? leaves : subtrees).slice(tile * 256, tile * 256 + width),
    })
  const note = (key = log, origin = 'example.com/log', size = 700) =>
    signNote(formatCheckpoint({ origin, size, root: frontier.root() }), [readSigner(key.privateKey)])

  beforeAll(async () => {
    appendLeaves(frontier, leaves, (_level, _index, hash) => subtrees.push(hash))
    text = formatProofFile({ index: 300, proof: await proofOf(300), checkpoint: note() })
  })

  it('finds an entry in the tree that its log signed', () => {
    const checked = checkProofFile(text, entry, verifiers)
    expect(checked).toMatchObject({ included: true, index: 300, checkpoint: { origin: 'example.com/log', size: 700 } })
    expect(checked.included && checked.note.verifiedBy.map(({ name }) => name)).toEqual(['example.com/log'])
  })

  it('refuses another entry, another index and a changed hash', async () => {
    const refused = { included: false, refusal: 'wrong_proof' }
    expect(checkProofFile(text, entries[301] as Buffer, verifiers)).toMatchObject(refused)
    expect(checkProofFile(text, Buffer.concat([entry, Buffer.of(10)]), verifiers)).toMatchObject(refused)
    expect(checkProofFile(text.replace('index 300', 'index 301'), entry, verifiers)).toMatchObject(refused)
    const proof = await proofOf(300)
    for (const i of proof.keys()) {
      const changed = { index: 300, proof: proof.with(i, leaves[0] as Buffer), checkpoint: note() }
      expect(checkProofFile(formatProofFile(changed), entry, verifiers)).toMatchObject(refused)
      const shorter = { ...changed, proof: proof.toSpliced(i, 1) }
      expect(checkProofFile(formatProofFile(shorter), entry, verifiers)).toMatchObject(refused)
    }
  })

  it('refuses any one character that was changed, wherever it is', () => {
    for (let i = 0; i < text.length; i += 1) {
      const changed = `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`
      expect(checkProofFile(changed, entry, verifiers).included).toBe(false)
    }
  })

  it('refuses a checkpoint that only another key signed, also one that the reader knows', async () => {
    const proof = await proofOf(300)
    const file = (checkpoint: string) => formatProofFile({ index: 300, proof, checkpoint })
    const stranger = generateKey('example.com/log')
    expect(checkProofFile(file(note(stranger)), entry, verifiers)).toMatchObject({ refusal: 'unknown_keys' })
    expect(checkProofFile(file(note(other)), entry, verifiers)).toEqual({
      included: false,
      refusal: 'not_the_log',
      reason: 'no given key of the log example.com/log signed the checkpoint',
    })
    const forged = note().replace('\n700\n', '\n701\n')
    expect(checkProofFile(file(forged), entry, verifiers)).toMatchObject({ refusal: 'wrong_signature' })
  })

  it('refuses a checkpoint that only a witness cosigned, even a witness with the name of the log', async () => {
    const pair = generateKeyPairSync('ed25519')
    const material = Buffer.concat([Buffer.of(4), pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)])
    const keyId = hash('sha256', Buffer.concat([Buffer.from('example.com/log\n'), material]), 'hex').slice(0, 8)
    const witness = readVerifier(`example.com/log+${keyId}+${material.toString('base64')}`)
    const checkpoint = formatCheckpoint({ origin: 'example.com/log', size: 700, root: frontier.root() })
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime 0\n${checkpoint}`), pair.privateKey)
    const line = Buffer.concat([Buffer.from(keyId, 'hex'), Buffer.alloc(8), signature]).toString('base64')
    const cosigned = `${checkpoint}\n— example.com/log ${line}\n`
    const file = formatProofFile({ index: 300, proof: await proofOf(300), checkpoint: cosigned })
    expect(checkProofFile(file, entry, [witness])).toMatchObject({ included: false, refusal: 'not_the_log' })
  })

  it('refuses an index that the tree does not have, and a signed text that is no checkpoint', async () => {
    const proof = await proofOf(300)
    expect(checkProofFile(text.replace('index 300', 'index 700'), entry, verifiers)).toMatchObject({
      refusal: 'index_outside',
      reason: 'the tree has 700 entries, and none with index 700',
    })
    const noCheckpoint = signNote('example.com/log\n', [readSigner(log.privateKey)])
    const file = formatProofFile({ index: 300, proof, checkpoint: noCheckpoint })
    expect(checkProofFile(file, entry, verifiers)).toMatchObject({ refusal: 'malformed' })
  })
})
