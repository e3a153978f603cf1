import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { GatewayError } from '../../src/kernel/errors.ts'
import type { Secrets } from '../../src/secrets/secrets.ts'
import { startVault } from '../../src/stand-ins/vault.ts'
import { createWorld, MARK } from './harness.ts'

const NAMES = ['claims_db', 'cache'] as const
const [first, second, third] = [`${MARK} one`, `${MARK}-two`, `${MARK}-three`]
let world: ReturnType<typeof createWorld>
let folder: string

beforeEach(() => {
  world = createWorld()
  folder = mkdtempSync(join(tmpdir(), 'source-secrets-'))
})
afterEach(async () => {
  const cameOut = await world.end()
  rmSync(folder, { recursive: true })
  expect(cameOut).not.toContain(MARK)
})

const file = (text: string) => {
  const path = join(folder, 'sources.yaml')
  writeFileSync(path, text)
  return path
}
const start = (env: Record<string, string>) => world.start(env, undefined, undefined, NAMES)
const secretsOf = (secrets: Secrets) => NAMES.map((name) => secrets.sourceSecret(name)?.reveal())

describe('secrets of sources', () => {
  it('come from the environment, before TEAMS_SOURCES_FILE, before Vault', async () => {
    const vault = await startVault()
    onTestFinished(() => vault.stop())
    vault.put('secret/teams/sources', { claims_db: third, cache: third })
    const vaulted = {
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: vault.createToken(),
      TEAMS_SOURCES_VAULT_PATH: 'secret/teams/sources',
    }
    expect(secretsOf(await start(vaulted))).toEqual([third, third])
    const all = {
      ...vaulted,
      TEAMS_SOURCE_SECRET_CLAIMS_DB: first,
      TEAMS_SOURCES_FILE: file(`claims_db: "${second}"\n`),
    }
    expect(secretsOf(await start(all))).toEqual([first, third])
  })

  it('rotate in a file without a restart, and stay while a value is wrong', async () => {
    const path = file(`claims_db: "${first}"\n`)
    const secrets = await start({ TEAMS_SOURCES_FILE: path, TEAMS_VAULT_REFRESH: '7' })
    file(`claims_db: "${second}"\n`)
    await world.look()
    expect(secretsOf(secrets)).toEqual([second, undefined])
    file('claims_db: 12345\n')
    await world.look()
    expect(secretsOf(secrets)).toEqual([second, undefined])
  })

  it('that can not be used refuse the start, all at once, and quote nothing', async () => {
    const refused = start({
      TEAMS_SOURCE_SECRET_CACHE: `${MARK}\nsecond line`,
      TEAMS_SOURCE_SECRET_CLAIM_DB: first,
      TEAMS_SOURCES_FILE: file(`claims: "${MARK}"\n`),
    })
    const problems = await refused.then(
      () => [],
      (error: GatewayError) => error.problems,
    )
    expect(problems.map(({ at }) => at).toSorted()).toEqual([
      'TEAMS_SOURCES_FILE: claims',
      'TEAMS_SOURCE_SECRET_CACHE',
      'TEAMS_SOURCE_SECRET_CLAIM_DB',
    ])
    expect(JSON.stringify(problems)).not.toContain(MARK)
  })
})
