import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { freePort } from '../services/program.ts'
import { KINDS, startedStore, untouchedStore } from '../services/stores.ts'
import { MARK, runCli, runJson } from './cli.ts'

const ALL = readdirSync(new URL('../../migrations/', import.meta.url))
  .filter((file) => file.endsWith('.up.sql'))
  .map((file) => file.replace('.up.sql', ''))
  .sort()

describe.each(KINDS)('migrate on %s', (kind) => {
  it('goes up, prints the state, and goes down', async () => {
    const env = await untouchedStore(kind)
    const before = await runJson(['migrate', 'status'], { env })
    expect(before).toMatchObject({ code: 1, stderr: '', answer: { up_to_date: false } })
    expect(before.answer.migrations).toEqual(ALL.map((name) => ({ name, applied_at: null })))

    expect(await runJson(['migrate', 'up'], { env })).toMatchObject({ code: 0, answer: { applied: ALL } })
    const again = await runCli(['migrate', 'up'], { env })
    expect(again).toMatchObject({ code: 0, stdout: 'Nothing to do: the schema is up to date.\n', stderr: '' })
    const after = await runCli(['migrate', 'status'], { env })
    expect(after.code).toBe(0)
    for (const name of ALL) expect(after.stdout).toMatch(new RegExp(`^${name} +applied \\d{4}-`, 'm'))

    expect(await runJson(['migrate', 'down'], { env })).toMatchObject({ code: 0, answer: { taken_back: ALL.at(-1) } })
    expect(await runJson(['migrate', 'status'], { env })).toMatchObject({ code: 1, answer: { up_to_date: false } })
  })

  it('does not go down on a database with events without --yes', async () => {
    const env = await startedStore(kind)
    expect(
      (await runCli(['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"v"}'], { env })).code,
    ).toBe(0)
    const refused = await runCli(['migrate', 'down'], { env })
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') })
    expect((await runCli(['migrate', 'status'], { env })).code).toBe(0)
    expect(await runJson(['migrate', 'down', '--yes'], { env })).toMatchObject({
      code: 0,
      answer: { taken_back: ALL.at(-1) },
    })
  })
})

describe('a database', () => {
  it('that does not answer is exit code 3, without its URL in the output', async () => {
    const env = { DATABASE_URL: `postgres://user:${MARK}@127.0.0.1:${await freePort()}/claims` }
    for (const args of [['migrate', 'up'], ['notifications', 'list'], ['serve']])
      expect(await runJson(args, { env })).toMatchObject({ code: 3, answer: { code: 'database_unreachable' } })
  })

  it('without a schema is an error with the command that migrates, where TEAMS_MIGRATE is false', async () => {
    const env = { ...(await untouchedStore('postgres')), TEAMS_MIGRATE: 'false' }
    const { code, stderr } = await runCli(['serve'], { env })
    expect(code).toBe(3)
    expect(stderr).toContain('claimlinc-teams migrate up')
  })
})
