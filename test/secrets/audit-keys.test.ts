import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { generateKey } from '../../src/contract/note-keys.ts'
import { startSettings } from '../../src/gateway/start-settings.ts'
import type { Secrets } from '../../src/secrets/secrets.ts'
import { startVault } from '../../src/stand-ins/vault.ts'
import { createWorld } from './harness.ts'

const ORIGIN = 'claimlinc-teams/of-the-test'
const [old, next] = [generateKey(ORIGIN), generateKey(ORIGIN)]
let world: ReturnType<typeof createWorld>
let folder: string

beforeEach(() => {
  world = createWorld()
  folder = mkdtempSync(join(tmpdir(), 'audit-keys-'))
})

afterEach(async () => {
  const cameOut = await world.end()
  rmSync(folder, { recursive: true })
  for (const { privateKey } of [old, next]) expect(cameOut).not.toContain(privateKey.slice(-40))
})

const signing = (secrets: Secrets) => secrets.auditSigners().map(({ verifierKey }) => verifierKey)
const file = (text: string) => {
  const path = join(folder, 'audit.key')
  writeFileSync(path, text)
  return path
}

describe('the keys of the audit trail', () => {
  it('are none where none is set', async () => {
    expect(signing(await world.start({}))).toEqual([])
  })

  it('come from TEAMS_AUDIT_KEY, before TEAMS_AUDIT_KEY_FILE, before Vault', async () => {
    const vault = await startVault()
    onTestFinished(() => vault.stop())
    const third = generateKey(ORIGIN)
    vault.put('secret/teams/audit', { audit_key: third.privateKey })
    const fromVault = {
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: vault.createToken(),
      TEAMS_AUDIT_VAULT_PATH: 'secret/teams/audit',
    }
    const fromFile = { ...fromVault, TEAMS_AUDIT_KEY_FILE: file(next.privateKey) }
    expect(signing(await world.start({ ...fromFile, TEAMS_AUDIT_KEY: old.privateKey }))).toEqual([old.verifierKey])
    expect(signing(await world.start(fromFile))).toEqual([next.verifierKey])
    expect(signing(await world.start(fromVault))).toEqual([third.verifierKey])
  })

  it('rotate in a file without a restart, and stay while the file is missing or wrong', async () => {
    const path = file(`${old.privateKey}\n`)
    const secrets = await world.start({ TEAMS_AUDIT_KEY_FILE: path, TEAMS_VAULT_REFRESH: '7' })
    file(`${next.privateKey}\n${old.privateKey}\n`)
    await world.look()
    expect(signing(secrets)).toEqual([next.verifierKey, old.verifierKey])
    file(`${next.privateKey}\n${old.privateKey.slice(0, -9)}\n`)
    await world.look()
    rmSync(path)
    await world.look()
    expect(signing(secrets)).toEqual([next.verifierKey, old.verifierKey])
    expect(world.problemLines('secret_refused')).toMatchObject([{ subject: 'TEAMS_AUDIT_KEY_FILE' }])
    expect(world.problemLines('secrets_refresh_failed')).toMatchObject([{ subject: 'TEAMS_AUDIT_KEY_FILE' }])
    file(next.privateKey)
    await world.look()
    expect(signing(secrets)).toEqual([next.verifierKey])
  })

  it('rotate in Vault without a restart, and stay when the field is deleted', async () => {
    const vault = await startVault({ now: world.clock.now })
    onTestFinished(() => vault.stop())
    const path = 'secret/teams/audit'
    vault.put(path, { audit_key: old.privateKey })
    const env = { VAULT_ADDR: vault.url, VAULT_TOKEN: vault.createToken(), TEAMS_AUDIT_VAULT_PATH: path }
    const secrets = await world.start(env)
    vault.put(path, { audit_key: `${next.privateKey} ${old.privateKey}` })
    await world.look()
    expect(signing(secrets)).toEqual([next.verifierKey, old.verifierKey])
    vault.put(path, { other: 'x' })
    await world.look()
    expect(signing(secrets)).toEqual([next.verifierKey, old.verifierKey])
    expect(world.problemLines('secrets_refresh_failed')).toMatchObject([
      { subject: 'VAULT_ADDR', problems: [`${path}: found no field audit_key; expected ${expectedIn(path)}`] },
    ])
  })

  it('refuse the start with every problem at once, beside those of settings', async () => {
    const wrong = { TEAMS_AUDIT_KEY: `${old.privateKey.slice(0, -9)} ${next.verifierKey}`, TEAMS_MAX_RETRIES: 'many' }
    await expect(startSettings({ env: wrong, problems: [] })).rejects.toMatchObject({
      code: 'invalid_settings',
      problems: [
        { at: 'TEAMS_MAX_RETRIES' },
        { at: 'TEAMS_AUDIT_KEY', found: expect.stringMatching(/ \(key 1\)$/) },
        { at: 'TEAMS_AUDIT_KEY', found: 'a verifier key (key 2)' },
      ],
    })
    const missing = { TEAMS_AUDIT_KEY_FILE: join(folder, 'none') }
    expect(await world.refusal(missing)).toMatchObject({
      code: 'secrets_unreachable',
      problems: [{ at: 'TEAMS_AUDIT_KEY_FILE' }],
    })
  })
})

function expectedIn(path: string): string {
  return `a key ("vault kv put ${path} audit_key=@<file>")`
}
