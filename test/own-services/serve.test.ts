import { describe, expect, it, onTestFinished } from 'vitest'
import { createSandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { MARK, runCli, runJson, setFaults, startCli, startServe } from '../cli/cli.ts'
import { embeddedFolder, freshDatabase } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'

const SEND = ['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"vault-1"}', '--stakeholders', 'sre']

/** Waits until the sandbox has got so many posts on the channel sre, by asking again. */
async function received(origin: string, count: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${origin}/sandbox/channels/sre/messages`)
    const { messages } = JSON.parse(await answer.text())
    if (messages.length >= count) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe.each(KINDS)('serve on %s', (kind) => {
  it('at SIGTERM finishes posts in flight, logs it, and exits with 0', async () => {
    const env = await startedStore(kind)
    const gateway = await startServe(env)
    await setFaults(gateway.origin, 'sre', { delay_ms: 400 })
    const { answer } = await runJson([...SEND, '--url', gateway.origin])
    await received(gateway.origin, 1)
    gateway.child.kill('SIGTERM')
    const { code, stdout, stderr } = await gateway.ended
    expect(code).toBe(0)
    expect(stdout).toContain(`show their cards at ${gateway.origin}/sandbox`)
    expect(stderr).toMatch(/SIGTERM: stopping.*\nStopped\.\n$/)
    const { id } = answer.events[0].notifications[0]
    expect((await runJson(['notifications', 'show', id], { env })).answer).toMatchObject({
      state: 'accepted',
      attempts: [{ repeat: false }],
    })
  })
})

describe('serve', () => {
  it('ends at once at a second signal', async () => {
    // Not the gateway's own sandbox, which lets go of what hangs once the gateway stops.
    const teams = await createSandboxServer()
    onTestFinished(() => teams.close())
    teams.sandbox.setFaults('sre', { hang: true })
    const gateway = await startServe({
      ...(await startedStore('embedded')),
      TEAMS_SHUTDOWN_TIMEOUT: '600',
      TEAMS_CONNECTION_TIMEOUT: '600',
      TEAMS_SANDBOX_ORIGIN: teams.origin,
      TEAMS_WEBHOOK_SRE: teams.addresses.get('sre') ?? '',
    })
    await runCli([...SEND, '--url', gateway.origin])
    await teams.sandbox.waitFor('sre', 1, AbortSignal.timeout(60_000))
    gateway.child.kill('SIGTERM')
    await gateway.says(/SIGTERM: stopping/)
    gateway.child.kill('SIGTERM')
    const { code, stderr } = await gateway.ended
    expect(code).toBe(1)
    expect(stderr).toContain('SIGTERM again: stopped at once')
  })

  it('stops in an orderly way while it starts', async () => {
    const running = startCli(['serve'], { env: { TEAMS_DATA_DIR: embeddedFolder(), TEAMS_LOG_LEVEL: 'info' } })
    await running.says(/"event":"schema_migrated"/)
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/Stopped\.\n$/) })
  })

  it('names the setting when its port is taken, and leaves the store free', async () => {
    const first = await startServe(await startedStore('embedded'))
    const env = { ...(await startedStore('embedded')), TEAMS_HTTP_PORT: first.port }
    const taken = await runCli(['serve'], { env })
    expect(taken.code).toBe(3)
    expect(taken.stderr).toContain(`TEAMS_HTTP_PORT: found port ${first.port}`)
    expect(taken.stderr).not.toMatch(/^ +at /m)
    expect((await runCli(['migrate', 'status'], { env })).code).toBe(0)
  })

  it('prints its origin as JSON, and keeps running when stdout is closed', async () => {
    const running = startCli(['serve', '--json'], {
      env: { ...(await startedStore('embedded')), TEAMS_API_TOKENS: `a:admin:${MARK}-token` },
    })
    const [text] = await running.says(/^\{\n[^}]*\}\n/m)
    const { origin, sandbox } = JSON.parse(text)
    expect(sandbox).toBe(`${origin}/sandbox`)
    running.child.stdout?.destroy()
    running.child.stderr?.destroy()
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: 0 })
  })

  it('prints the stack of an unexpected error only with its option', async () => {
    // A file stands where the folder should be: nothing that the settings' own checks can know.
    const env = { TEAMS_DATA_DIR: '/dev/null/data' }
    const quiet = await runCli(['serve'], { env })
    expect(quiet.code).not.toBe(0)
    expect(quiet.stderr).not.toMatch(/embedded\.ts/)
    const loud = await runCli(['serve'], { env: { ...env, TEAMS_LOG_LEVEL: 'debug' } })
    expect(loud.stderr).toMatch(/embedded\.ts/)
  })

  it('prints no warning of a library for the sslmode of DATABASE_URL', async () => {
    const { url } = await freshDatabase()
    const { stderr } = await runCli(['serve'], { env: { DATABASE_URL: `${url}?sslmode=require` } })
    expect(stderr).toContain('without TLS, which sslmode asks for')
    expect(stderr).not.toMatch(/warning/i)
  })

  it('logs warnings of Node and libraries as JSON while it runs', async () => {
    const warn = "process.on('SIGUSR2',()=>process.emitWarning('odd','OddWarning','ODD1'))"
    const gateway = await startServe({
      ...(await startedStore('embedded')),
      TEAMS_SANDBOX: 'on',
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(warn)}`,
    })
    gateway.child.kill('SIGUSR2')
    await gateway.says(/OddWarning/)
    gateway.child.kill('SIGTERM')
    const { stderr } = await gateway.ended
    const lines = stderr.split('\n').filter((line) => line.includes('Odd'))
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', err: { type: 'OddWarning', code: 'ODD1' } },
    ])
  })
})
