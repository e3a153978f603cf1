import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { formatProofFile } from '../../src/audit/proof-file.ts'
import { signNote } from '../../src/audit/signed-note.ts'
import { consistencyProof, inclusionProof, type TileReader } from '../../src/audit/tiles.ts'
import { appendLeaves, createFrontier, leafHash } from '../../src/audit/tree.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'

const script = fileURLToPath(new URL('../../tools/independent-verifier.mjs', import.meta.url))
const ORIGIN = 'example.com/سجل'
const key = generateKey(ORIGIN)
const entries = Array.from({ length: 1_000 }, (_, i) => Buffer.from(`{"entry":${i},"who":"منى"}`))

/** A log as the gateway would keep it: tiles, and a signed checkpoint of each size. */
function logOf(bodies: readonly Buffer[]) {
  const levels: Buffer[][] = [bodies.map(leafHash), []]
  appendLeaves(createFrontier(0, []), levels[0] ?? [], (level, _index, hash) => levels[level]?.push(hash))
  const reader: TileReader = {
    read: async (level, index, width) => levels[level]?.slice(index * 256, index * 256 + width) ?? [],
  }
  const checkpoint = (size: number, signing = key) => {
    const frontier = createFrontier(0, [])
    appendLeaves(frontier, levels[0]?.slice(0, size) ?? [])
    const text = formatCheckpoint({ origin: ORIGIN, size, root: frontier.root() })
    return signNote(text, [readSigner(generateKey('w.example').privateKey), readSigner(signing.privateKey)])
  }
  return { reader, checkpoint }
}

describe('the independent verifier', () => {
  const log = logOf(entries)
  const folder = mkdtempSync(join(tmpdir(), 'claimlinc-teams-verifier-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  let files = 0
  const file = (content: string | Buffer) => {
    files += 1
    const path = join(folder, String(files))
    writeFileSync(path, content)
    return path
  }
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
    return { status, lines: stdout.trimEnd().split('\n'), stderr }
  }
  const json = (hashes: readonly Buffer[]) => file(JSON.stringify(hashes.map((hash) => hash.toString('base64'))))

  let proof: readonly Buffer[] = []
  let consistency: readonly Buffer[] = []
  beforeAll(async () => {
    proof = await inclusionProof(700, 1_000, log.reader)
    consistency = await consistencyProof(300, 1_000, log.reader)
  })

  it('accepts the checkpoint, the proof file and the consistency proof that src/audit makes', () => {
    const checkpoint = log.checkpoint(1_000)
    expect(run('checkpoint', key.verifierKey, file(checkpoint))).toMatchObject({
      status: 0,
      lines: [expect.stringContaining(`ok    signature: ${ORIGIN} signed 1000 entries with root `)],
    })
    const proofFile = formatProofFile({ index: 700, proof, checkpoint, extra: Buffer.from('x') })
    expect(run('proof', key.verifierKey, file(proofFile), file(entries[700] ?? ''))).toMatchObject({
      status: 0,
      lines: [expect.stringContaining('ok    signature'), 'ok    inclusion: the file is entry 700 of the signed tree'],
    })
    const old = file(log.checkpoint(300))
    expect(run('consistency', key.verifierKey, old, file(checkpoint), json(consistency))).toMatchObject({
      status: 0,
      lines: [
        expect.stringContaining('signed 300 entries'),
        expect.stringContaining('signed 1000 entries'),
        'ok    consistency: the tree of 1000 entries begins with the one of 300, unchanged',
      ],
    })
  })

  it('accepts consistency from the empty tree and of a tree with itself', () => {
    const [none, all] = [file(log.checkpoint(0)), file(log.checkpoint(1_000))]
    expect(run('consistency', key.verifierKey, none, all, json([]))).toMatchObject({ status: 0 })
    expect(run('consistency', key.verifierKey, all, all, json([]))).toMatchObject({ status: 0 })
  })

  it('refuses a changed size, a signature by another key, and a key text with another key ID', () => {
    const wrong = (keyText: string, note: string, problem: string) =>
      expect(run('checkpoint', keyText, file(note))).toMatchObject({
        status: 1,
        lines: [`WRONG ${problem}`],
        stderr: '',
      })
    const checkpoint = log.checkpoint(1_000)
    wrong(key.verifierKey, checkpoint.replace('\n1000\n', '\n1001\n'), 'the signature is wrong')
    const other = generateKey(ORIGIN)
    const keyId = key.verifierKey.split('+')[1]
    wrong(key.verifierKey, log.checkpoint(1_000, other), `no signature by ${ORIGIN} with key ${keyId}`)
    wrong(other.verifierKey.replace(/\+[0-9a-f]{8}\+/, `+${keyId}+`), checkpoint, 'the verifier key has a wrong key ID')
  })

  it('refuses another entry, another index and a changed hash', () => {
    const checkpoint = log.checkpoint(1_000)
    const entry = file(entries[700] ?? '')
    const wrong = (index: number, hashes: readonly Buffer[], path: string, problem: string) => {
      const checked = run('proof', key.verifierKey, file(formatProofFile({ index, proof: hashes, checkpoint })), path)
      expect(checked).toMatchObject({
        status: 1,
        lines: [expect.stringContaining('ok    signature'), `WRONG ${problem}`],
      })
    }
    wrong(700, proof, file(entries[701] ?? ''), 'the file is not entry 700 of the signed tree')
    wrong(701, proof, entry, 'the file is not entry 701 of the signed tree')
    wrong(700, proof.with(4, proof[3] ?? Buffer.alloc(32)), entry, 'the file is not entry 700 of the signed tree')
    wrong(700, proof.slice(1), entry, 'the proof has too few hashes')
    wrong(700, [...proof, ...proof], entry, 'the proof has too many hashes')
    wrong(1_000, proof, entry, 'the tree has no entry 1000')
  })

  it('refuses a history that was rewritten and signed again with the right key', async () => {
    const rewritten = logOf(entries.with(299, Buffer.from('{"entry":299,"who":"somebody else"}')))
    const hashes = await consistencyProof(300, 1_000, rewritten.reader)
    const problem = 'WRONG the tree of 1000 does not begin with the one of 300: history was rewritten'
    const old = file(log.checkpoint(300))
    const latest = file(rewritten.checkpoint(1_000))
    for (const given of [hashes, consistency]) {
      const checked = run('consistency', key.verifierKey, old, latest, json(given))
      expect(checked).toMatchObject({ status: 1, lines: [expect.any(String), expect.any(String), problem] })
    }
    expect(run('consistency', key.verifierKey, latest, old, json([]))).toMatchObject({
      status: 1,
      lines: [expect.any(String), expect.any(String), 'WRONG the newer tree has 300 entries, the older one 1000'],
    })
  })

  it('imports nothing but modules of Node, so that it shares no code with the gateway', () => {
    const source = readFileSync(script, 'utf8')
    expect([...source.matchAll(/^import .* from '([^']+)'$/gm)].map(([, name]) => name)).toEqual([
      'node:crypto',
      'node:fs',
    ])
    expect(source).not.toMatch(/\b(import|require)\s*\(/)
  })

  it('says how it is used when a command or a file is missing', () => {
    for (const args of [[], ['toString'], ['checkpoint', key.verifierKey]]) {
      expect(run(...args)).toMatchObject({ status: 1, lines: [expect.stringMatching(/^WRONG usage: /)] })
    }
  })
})
