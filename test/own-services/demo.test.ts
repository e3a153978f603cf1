import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { createSandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { MARK, runCli, runJson, startCli } from '../cli/cli.ts'
import { createBrowser, filled } from '../public/listener.ts'
import { KINDS, startedStore } from '../services/stores.ts'

const CHANNELS = ['security_eng', 'sre', 'cloudops', 'nphies_integration', 'pmo']
const REAL = `https://prod-01.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${MARK}`

describe('serve --demo --once', () => {
  it('exits with 0 when all five cards are accepted, and prints only that', async () => {
    const { code, stdout, stderr } = await runCli(['serve', '--demo', '--once'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.split('\n')
    for (const [channel, title] of [
      ['#security-alerts', 'Vault node is sealed'],
      ['#sre-alerts', 'Vault node is sealed'],
      ['#cloudops-alerts', EVENT_TYPES['vault.seal.detected'].words.ar.title],
    ])
      expect(lines).toContainEqual(
        expect.stringMatching(new RegExp(`^ {2}${channel} +CRITICAL {2}${title} +accepted {2}after \\d+\\.\\d s$`)),
      )
    for (const channel of ['#nphies-integration', '#pmo-updates'])
      expect(lines).toContainEqual(
        expect.stringMatching(new RegExp(`^ {2}${channel} +INFO +Claim submitted to NPHIES +accepted {2}after `)),
      )
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/sandbox$/m)
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/openapi\.json$/m)
  })

  it.each(KINDS)('may run again on the same database (%s)', async (kind) => {
    const env = await startedStore(kind)
    for (const count of [5, 10]) {
      const { code, answer, stderr } = await runJson(['serve', '--demo', '--once'], { env })
      expect({ code, stderr, ok: answer.ok }).toEqual({ code: 0, stderr: '', ok: true })
      expect(answer.notifications.map(({ channel }: { channel: string }) => channel)).toEqual(CHANNELS)
      const list = await runJson(['notifications', 'list', '--state', 'accepted'], { env })
      expect(list.answer.notifications).toHaveLength(count)
    }
  })

  it('exits with 1 and prints each missing card, why, and what to do', async () => {
    const teams = await createSandboxServer()
    onTestFinished(() => teams.close())
    teams.sandbox.setFaults('pmo', { status: 413 })
    const env: Record<string, string> = { ...(await startedStore('embedded')), TEAMS_SANDBOX_ORIGIN: teams.origin }
    for (const [key, url] of teams.addresses) env[`TEAMS_WEBHOOK_${key.toUpperCase()}`] = url
    const { code, stdout } = await runCli(['serve', '--demo', '--once', '--yes'], { env })
    expect(code).toBe(1)
    expect(stdout).toContain('only 4 of 5 cards were accepted')
    expect(stdout).toMatch(/^ {2}pmo: failed, too_large\. \S.*\.$/m)
    expect(stdout).not.toContain('/sandbox')
    expect(teams.sandbox.messages('sre')).toHaveLength(1)
  })
})

describe('serve --demo', () => {
  it('has cards whose buttons act, for made-up people who sign in', async () => {
    const running = startCli(['serve', '--demo'], { env: await startedStore('embedded') })
    await running.says(/Ctrl-C stops it\./)
    const [, origin] = await running.says(/listens on (\S+)/)
    const cards = await (await fetch(`${origin}/sandbox/channels/sre/messages`)).text()
    const link = /http:[^"\\]+\/act\/[\w-]{54}/.exec(cards)?.[0] ?? ''
    const browser = createBrowser(new URL(link).origin)
    const signIn = /href="([^"]+sign_in=[^"]+)"/.exec(await (await browser.get(link)).text())?.[1] ?? ''
    const entra = (await browser.get(signIn.replaceAll('&amp;', '&'))).headers.get('location') ?? ''
    const person = /href="(\?[^"]+)">Sara/.exec(await (await fetch(entra)).text())?.[1] ?? ''
    const chosen = await fetch(new URL(person.replaceAll('&amp;', '&'), entra), { redirect: 'manual' })
    const back = await browser.get(chosen.headers.get('location') ?? '')
    const page = back.headers.get('location') ?? ''
    expect((await browser.post(page, filled(await browser.form(page), {}))).status).toBe(200)
    const { actions } = (await (await fetch(`${origin}/v1/actions`)).json()) as { actions: object[] }
    expect(actions).toMatchObject([{ action: 'acknowledge', state: 'done', by: 'Sara Al-Harbi', verified: true }])
    await running.says(new RegExp(`The pages behind the buttons of the cards +${new URL(link).origin}`))
    const { escalations } = (await (await fetch(`${origin}/v1/escalations`)).json()) as { escalations: object[] }
    expect(escalations).toContainEqual(expect.objectContaining({ event_type: 'vault.seal.detected' }))
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(0)
  })

  it('takes a configuration with roles and two_person, which its own sign-in verifies', async () => {
    const store = await startedStore('embedded')
    const file = join(mkdtempSync(join(tmpdir(), 'demo-')), 'teams.yaml')
    writeFileSync(file, 'two_person: [discard]\nroles: {manager: {entra_app_roles: [DutyManager], may: [discard]}}\n')
    const { code, stderr } = await runCli(['serve', '--demo', '--once'], { env: { ...store, TEAMS_CONFIG_FILE: file } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('keeps running, and its HTTP service answers at the printed URL', async () => {
    const running = startCli(['serve', '--demo'], { env: await startedStore('embedded') })
    await running.says(/Ctrl-C stops it\./)
    const [, origin] = await running.says(/listens on (\S+)/)
    for (const path of ['/sandbox', '/v1/notifications', '/openapi.json']) {
      expect((await fetch(`${origin}${path}`)).status).toBe(200)
      await running.says(new RegExp(`${origin}${path}`))
    }
    running.child.kill('SIGINT')
    expect(await running.ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^SIGINT: stopping.*\nStopped\.\n$/),
    })
  })

  it.each([
    ['a webhook URL is set', { TEAMS_WEBHOOK_SRE: REAL }, 'TEAMS_WEBHOOK_SRE'],
    [
      'Vault keeps webhook URLs',
      { VAULT_ADDR: 'http://127.0.0.1:9', VAULT_TOKEN: MARK, TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks' },
      'TEAMS_WEBHOOK_VAULT_PATH',
    ],
    ['the sandbox is off', { TEAMS_SANDBOX: 'off' }, 'TEAMS_SANDBOX'],
  ])('sends nothing when %s', async (_, env, at) => {
    const store = await startedStore('embedded')
    const { code, stderr, stdout } = await runCli(['serve', '--demo'], { env: { ...store, ...env } })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`  ${at}: found `)
    expect(stderr).toContain('--yes')
    expect((await runJson(['notifications', 'list'], { env: store })).answer.notifications).toEqual([])
  })

  it('sends no event into a database with other events', async () => {
    const env = await startedStore('postgres')
    await runCli(['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"v"}'], { env })
    const { code, answer } = await runJson(['serve', '--demo', '--once'], { env })
    expect({ code, at: answer.errors[0].at }).toEqual({ code: 2, at: 'DATABASE_URL' })
    expect(await runJson(['serve', '--demo', '--once', '--yes'], { env })).toMatchObject({
      code: 0,
      answer: { ok: true },
    })
  })
})
