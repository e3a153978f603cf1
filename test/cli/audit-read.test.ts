import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../src/audit/checkpoint.ts'
import { checkProofFile } from '../../src/audit/proof-file.ts'
import { openNote } from '../../src/audit/signed-note.ts'
import { createClient } from '../../src/client/client.ts'
import { generateKey, readVerifier } from '../../src/contract/note-keys.ts'
import { originOf } from '../audit/origin.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { runCli, runJson, serveHere } from './cli.ts'

const SCRIPT = fileURLToPath(new URL('../../tools/independent-verifier.mjs', import.meta.url))

describe.each(KINDS)('audit checkpoint and audit prove on %s', (kind) => {
  it('print what verifiers accept, at a running gateway and on the database', async () => {
    const store = await startedStore(kind)
    const origin = await originOf(store)
    const key = generateKey(origin)
    const verifiers = [readVerifier(key.verifierKey)]
    const env = { ...store, TEAMS_AUDIT_KEY: key.privateKey }
    const gateway = await serveHere(env)
    const { audit } = createClient({ url: gateway.origin })
    await expect.poll(() => audit.checkpoint().catch(() => ''), { timeout: 60_000 }).not.toBe('')

    const check = async (args: readonly string[], settings: Readonly<Record<string, string>>) => {
      const cwd = embeddedFolder()
      const { code, stdout, stderr } = await runCli(['audit', 'checkpoint', ...args], { env: settings })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { size } = readCheckpoint(openNote(stdout, verifiers).text)
      const last = String(size - 1)
      const files = ['--out', 'last.tlog-proof', '--entry-out', 'last.entry']
      const written = await runCli(['audit', 'prove', last, ...files, ...args], { env: settings, cwd })
      expect(written).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`entry ${last} is in the tree ${origin}`),
      })
      const proof = readFileSync(join(cwd, 'last.tlog-proof'), 'utf8')
      const entry = readFileSync(join(cwd, 'last.entry'))
      expect(checkProofFile(proof, entry, verifiers)).toMatchObject({ included: true, index: size - 1 })
      const script = [SCRIPT, 'proof', key.verifierKey, join(cwd, 'last.tlog-proof'), join(cwd, 'last.entry')]
      expect(spawnSync(process.execPath, script).status).toBe(0)

      // What is there is kept, whichever of the two it is, and of the other nothing is written.
      for (const [option, name] of [
        ['--out', 'last.tlog-proof'],
        ['--entry-out', 'last.entry'],
      ] as const) {
        const given = ['--out', 'new.tlog-proof', '--entry-out', 'new.entry', option, name]
        const kept = await runJson(['audit', 'prove', last, ...given, ...args], { env: settings, cwd })
        expect(kept).toMatchObject({
          code: 2,
          answer: { code: 'invalid_request', errors: [{ at: option, found: 'a file that is there already' }] },
        })
      }
      expect(readdirSync(cwd).sort()).toEqual(['last.entry', 'last.tlog-proof'])
      expect(readFileSync(join(cwd, 'last.tlog-proof'), 'utf8')).toBe(proof)

      const json = await runJson(['audit', 'prove', last, ...args], { env: settings })
      const { id, bytes } = json.answer
      expect(Buffer.from(bytes, 'base64').equals(entry)).toBe(true)
      const printed = await runCli(['audit', 'prove', '--id', String(id), ...args], { env: settings })
      expect(checkProofFile(printed.stdout, entry, verifiers)).toMatchObject({ included: true, index: size - 1 })
    }
    await check(['--url', gateway.origin], {})
    await gateway.stop()
    await check([], env)
  }, 180_000)

  it('say what is missing', async () => {
    const env = await startedStore(kind)
    const origin = await originOf(env)
    const unsigned = await runJson(['audit', 'checkpoint'], { env })
    expect(unsigned).toMatchObject({ code: 1, answer: { code: 'audit_not_signed' } })
    expect(JSON.stringify(unsigned.answer)).toContain(`audit keygen --origin '${origin}'`)
    const nowhere = await runJson(['audit', 'prove', '999999'], { env })
    expect(nowhere).toMatchObject({ code: 1, answer: { code: 'not_found', errors: [{ at: 'index' }] } })
    const one = ['0', '--out', 'one', '--entry-out', './one']
    for (const args of [[], ['1', '--id', '2'], ['x'], ['--id', 'x'], one])
      expect(await runJson(['audit', 'prove', ...args], { env })).toMatchObject({
        code: 2,
        answer: { code: 'invalid_request' },
      })
  }, 180_000)
})
