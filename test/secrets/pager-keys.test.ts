import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { GatewayError } from '../../src/kernel/errors.ts'
import type { Secrets } from '../../src/secrets/secrets.ts'
import { startVault } from '../../src/stand-ins/vault.ts'
import { createWorld } from './harness.ts'

const PAGERS = [
  { name: 'oncall', kind: 'pagerduty' },
  { name: 'jira', kind: 'opsgenie' },
] as const
const [first, second, third] = ['1'.repeat(32), '2'.repeat(32), '3'.repeat(32)]
const [hook, nextHook] = ['h'.repeat(40), 'n'.repeat(40)]
let world: ReturnType<typeof createWorld>
let folder: string

beforeEach(() => {
  world = createWorld()
  folder = mkdtempSync(join(tmpdir(), 'pager-keys-'))
})
afterEach(async () => {
  const cameOut = await world.end()
  rmSync(folder, { recursive: true })
  for (const secret of [first, second, third, hook, nextHook]) expect(cameOut).not.toContain(secret)
})

const file = (text: string) => {
  const path = join(folder, 'pagers.yaml')
  writeFileSync(path, text)
  return path
}
const start = (env: Record<string, string>) => world.start(env, undefined, PAGERS)
const keysOf = (secrets: Secrets) => PAGERS.map(({ name }) => secrets.pagerKey(name)?.reveal())
const hooksOf = (secrets: Secrets) => secrets.pagerWebhookSecrets('oncall').map((secret) => secret.reveal())

describe('keys of pagers', () => {
  it('are none where none is set', async () => {
    const secrets = await start({})
    expect(keysOf(secrets)).toEqual([undefined, undefined])
    expect(hooksOf(secrets)).toEqual([])
  })

  it('come from the environment, before TEAMS_PAGERS_FILE, before Vault', async () => {
    const vault = await startVault()
    onTestFinished(() => vault.stop())
    vault.put('secret/teams/pagers', { oncall: third, jira: third, oncall_webhook: hook })
    const secrets = await start({
      TEAMS_PAGER_KEY_ONCALL: first,
      TEAMS_PAGERS_FILE: file(`oncall: "${second}"\njira: "${second}"\n`),
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: vault.createToken(),
      TEAMS_PAGERS_VAULT_PATH: 'secret/teams/pagers',
    })
    expect(keysOf(secrets)).toEqual([first, second])
    expect(hooksOf(secrets)).toEqual([hook])
  })

  it('rotate in a file without a restart, and stay while the file is missing or a value is wrong', async () => {
    const path = file(`oncall: "${first}"\noncall_webhook: ${hook}\n`)
    const secrets = await start({ TEAMS_PAGERS_FILE: path, TEAMS_VAULT_REFRESH: '7' })
    const changes: (readonly string[])[] = []
    secrets.onChange((channels) => changes.push(channels))
    await world.look()
    expect(changes).toEqual([])
    file(`oncall: "${second}"\noncall_webhook: ${hook}\n`)
    await world.look()
    expect(changes).toEqual([[]])
    file(`oncall: "${second}"\noncall_webhook: ${nextHook} ${hook}\n`)
    await world.look()
    expect(changes).toEqual([[], []])
    expect([keysOf(secrets)[0], ...hooksOf(secrets)]).toEqual([second, nextHook, hook])
    file('oncall: short\noncall_webhook: short\n')
    await world.look()
    expect(changes).toEqual([[], []])
    expect([keysOf(secrets)[0], ...hooksOf(secrets)]).toEqual([second, nextHook, hook])
    rmSync(path)
    await world.look()
    expect(keysOf(secrets)[0]).toBe(second)
  })

  it('that can not be used refuse the start, all at once, and quote nothing', async () => {
    const refused = start({
      TEAMS_PAGER_KEY_ONCALL: 'short',
      TEAMS_PAGER_KEY_JIRA: 'with blanks in it, and long enough',
      TEAMS_PAGER_WEBHOOK_ONCALL: 'short',
      TEAMS_PAGER_KEY_ONCAL: first,
      TEAMS_PAGERS_FILE: file(`oncal: "${first}"\n`),
    })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_settings' })
    const problems = await refused.then(
      () => [],
      (error: GatewayError) => error.problems,
    )
    expect(problems.map(({ at }) => at).toSorted()).toEqual([
      'TEAMS_PAGERS_FILE: oncal',
      'TEAMS_PAGER_KEY_JIRA',
      'TEAMS_PAGER_KEY_ONCAL',
      'TEAMS_PAGER_KEY_ONCALL',
      'TEAMS_PAGER_WEBHOOK_ONCALL',
    ])
  })
})
