import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateKey, readSigner, readVerifier } from '../../src/contract/note-keys.ts'
import { originOf } from '../audit/origin.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { runCli, runJson } from './cli.ts'

interface Line {
  readonly check: string
  readonly status: string
  readonly detail: string
  readonly todo: string | null
}

describe('audit keygen', () => {
  const KEYGEN = ['audit', 'keygen', '--origin', 'example.com/trail']

  it('prints a private key on stdout, and its verifier key on stderr', async () => {
    const { code, stdout, stderr } = await runCli(KEYGEN)
    expect(code).toBe(0)
    const signer = readSigner(stdout)
    expect(signer.name).toBe('example.com/trail')
    expect(stderr).toContain(signer.verifierKey)
    expect(stderr).not.toContain('PRIVATE')
  })

  it('writes a private key that only its owner may read, prints the verifier key, and overwrites no file', async () => {
    const cwd = embeddedFolder()
    const { code, stdout, stderr } = await runCli([...KEYGEN, '--out', 'audit.key'], { cwd })
    expect(code).toBe(0)
    const text = readFileSync(join(cwd, 'audit.key'), 'utf8')
    expect(statSync(join(cwd, 'audit.key')).mode & 0o777).toBe(0o600)
    expect(readVerifier(stdout).keyId).toBe(readSigner(text).keyId)
    expect(stdout + stderr).not.toContain('PRIVATE')
    const again = await runJson([...KEYGEN, '--out', 'audit.key'], { cwd })
    expect(again).toMatchObject({
      code: 2,
      answer: { code: 'invalid_request', errors: [{ at: '--out', found: 'a file that is there already' }] },
    })
    expect(readFileSync(join(cwd, 'audit.key'), 'utf8')).toBe(text)
    const folder = await runJson([...KEYGEN, '--out', '.'], { cwd })
    expect(folder).toMatchObject({
      code: 2,
      answer: { errors: [{ at: '--out', found: 'a folder', expected: expect.stringContaining('a new file') }] },
    })
  })

  it('answers in JSON, without the private key where that is in a file', async () => {
    const { answer } = await runJson(KEYGEN)
    expect(readSigner(answer.private_key).verifierKey).toBe(answer.verifier_key)
    const cwd = embeddedFolder()
    const written = await runJson([...KEYGEN, '--out', 'audit.key'], { cwd })
    expect(written.answer).toEqual({
      origin: 'example.com/trail',
      key_id: expect.stringMatching(/^[0-9a-f]{8}$/),
      verifier_key: expect.stringMatching(/^example\.com\/trail\+/),
      file: 'audit.key',
    })
    expect(existsSync(join(cwd, 'audit.key'))).toBe(true)
  })

  it('refuses a name that no key can have', async () => {
    for (const origin of ['two words', 'a+b', ''])
      expect(await runJson(['audit', 'keygen', '--origin', origin])).toMatchObject({
        code: 2,
        answer: { errors: [{ at: '--origin' }] },
      })
  })
})

describe.each(KINDS)('doctor on %s', (kind) => {
  it('prints the command that makes the missing key, and refuses a key of another tree', async () => {
    const env = await startedStore(kind)
    const origin = await originOf(env)
    const check = async (more: Record<string, string>, name: string): Promise<Line | undefined> => {
      const { answer } = await runJson(['doctor'], { env: { ...env, ...more } })
      return answer.checks.find((line: Line) => line.check === name)
    }
    const missing = await check({}, 'audit key')
    expect(missing).toMatchObject({ status: 'note', todo: expect.stringContaining('TEAMS_AUDIT_KEY_FILE') })
    const [, command = ''] = /claimlinc-teams (audit keygen --origin '[^']+')/.exec(missing?.todo ?? '') ?? []
    expect(command).toBe(`audit keygen --origin '${origin}'`)

    const right = generateKey(origin)
    expect(await check({ TEAMS_AUDIT_KEY: right.privateKey }, 'audit key')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining(readVerifier(right.verifierKey).keyId),
    })
    const foreign = generateKey('example.com/other')
    expect(await check({ TEAMS_AUDIT_KEY: foreign.privateKey }, 'audit key')).toMatchObject({
      status: 'wrong',
      todo: expect.stringContaining(command),
    })
    expect(await check({ TEAMS_AUDIT_KEY: 'x' }, 'secrets')).toMatchObject({
      status: 'wrong',
      detail: 'TEAMS_AUDIT_KEY: found a text of another form',
    })
  }, 180_000)
})
