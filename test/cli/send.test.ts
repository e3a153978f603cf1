import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventToWire } from '../../src/contract/events.ts'
import { DEMO_EVENTS } from '../../src/gateway/demo.ts'
import { embeddedFolder } from '../services/database.ts'
import { freePort } from '../services/program.ts'
import { startedStore } from '../services/stores.ts'
import { MARK, PATIENT, runCli, runJson, serveHere, startCli } from './cli.ts'

const SEAL = ['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"vault-1"}', '--stakeholders', 'SRE']
const [, claim] = DEMO_EVENTS
const states = (answer: { events: { notifications: { channel: string; state: string }[] }[] }) =>
  answer.events.flatMap(({ notifications }) => notifications.map(({ channel, state }) => `${channel} ${state}`))

describe('send with the embedded database', () => {
  it('delivers without a running gateway, and prints where the cards went', async () => {
    const env = await startedStore('embedded')
    // In a process of its own, which has to end by itself.
    const { code, stdout, stderr } = await startCli([...SEAL, 'Security Eng.', '--correlation-id', 'c-1'], { env })
      .ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Accepted: c-1\n {2}sre +accepted +[-0-9a-f]{36}\n {2}security_eng +accepted /)
    expect(stderr).toMatch(/^No channel has a webhook URL: .*\n$/)
    const { answer } = await runJson(['notifications', 'list', '--correlation-id', 'c-1'], { env })
    expect(answer.notifications).toMatchObject([{ state: 'accepted' }, { state: 'accepted' }])
  })

  it('sends over HTTP to the gateway that has it open', async () => {
    const port = String(await freePort())
    const token = `${MARK}-token`
    const env = {
      ...(await startedStore('embedded')),
      TEAMS_HTTP_PORT: port,
      TEAMS_API_TOKENS: `me:send+read:${token}`,
    }
    const gateway = await serveHere(env)
    const sent = await runCli(SEAL, { env })
    expect(sent).toMatchObject({ code: 0, stdout: expect.stringContaining(`Kept by the gateway at ${gateway.origin}`) })
    expect(await runJson(['notifications', 'list'], { env })).toMatchObject({
      code: 0,
      answer: { notifications: [{ channel: 'sre' }] },
    })
    // The port is any free one: the lock of the folder names it.
    const elsewhere = await runCli(SEAL, { env: { ...env, TEAMS_HTTP_PORT: String(await freePort()) } })
    expect(elsewhere.stdout).toContain(`Kept by the gateway at ${gateway.origin}`)
    // A second `serve` on the folder is refused with the URL of the gateway.
    const second = await runCli(['serve'], { env: { ...env, TEAMS_HTTP_PORT: '0' } })
    expect(second).toMatchObject({ code: 3, stderr: expect.stringContaining(`--url ${gateway.origin}`) })
  })
})

describe('send with PostgreSQL', () => {
  it('leaves delivery to the gateways on that database', async () => {
    const env = await startedStore('postgres')
    const { code, answer, stderr } = await runJson([...SEAL, '--priority', 'high'], { env })
    expect({ code, stderr, states: states(answer) }).toEqual({ code: 0, stderr: '', states: ['sre pending'] })
    const { answer: again } = await runJson(['notifications', 'list', '--state', 'pending'], { env })
    expect(again.notifications).toMatchObject([{ priority: 'HIGH', channel: 'sre', state: 'pending' }])
  })

  it('takes an event from stdin, overridden by options, and answers a repeated key as a duplicate', async () => {
    const env = await startedStore('postgres')
    const data = { ...claim.data, patient_id: PATIENT }
    const stdin = JSON.stringify({ ...eventToWire(claim), data, idempotency_key: 'k-1' })
    const first = await runJson(['send', '--priority', 'low'], { env, stdin })
    expect(first).toMatchObject({
      code: 0,
      answer: { events: [{ correlation_id: 'corr-claim-xyz789', duplicate: false }] },
    })
    expect(states(first.answer)).toEqual(['nphies_integration pending', 'pmo pending'])
    const second = await runCli(['send', '--priority', 'low'], { env, stdin })
    expect(second.stdout).toContain('Known already')
    const [one] = first.answer.events[0].notifications
    const { answer } = await runJson(['notifications', 'show', one.id], { env })
    expect(answer).toMatchObject({ priority: 'LOW', data: { patient_id: 'P••••4321', claim_id: claim.data.claim_id } })
  })

  it('keeps the digits of numbers beyond 2^53, on stdin and in an option, and masks patient ids among them', async () => {
    const env = await startedStore('postgres')
    const data = `{"task_name":"t","task_id":10000000000000001,"patient_id":12345678901234567,"error":"no 12345678901234567"}`
    const stored = async (sent: Awaited<ReturnType<typeof runJson>>) => {
      const { answer } = await runJson(['notifications', 'show', sent.answer.events[0].notifications[0].id], { env })
      return answer.data
    }
    const task = ['--event-type', 'celery.task.failed']
    const kept = { task_name: 't', task_id: '10000000000000001', patient_id: '1••••4567', error: 'no 1••••4567' }
    expect(await stored(await runJson(['send', ...task, '--data', data], { env }))).toEqual(kept)
    const stdin = `{"event_type":"celery.task.failed","data":${data}}`
    expect(await stored(await runJson(['send'], { env, stdin }))).toEqual(kept)
    expect(await stored(await runJson(['send', '--priority', 'low'], { env, stdin }))).toEqual(kept)
  })

  it('accepts all events of a call or none', async () => {
    const env = await startedStore('postgres')
    const event = { event_type: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'] }
    const bad = await runJson(['send'], { env, stdin: JSON.stringify([event, { ...event, priority: PATIENT }]) })
    expect(bad).toMatchObject({ code: 2, answer: { code: 'invalid_event', errors: [{ at: 'events[1].priority' }] } })
    expect((await runJson(['notifications', 'list'], { env })).answer.notifications).toEqual([])
    const good = await runJson(['send'], { env, stdin: JSON.stringify([event, event]) })
    expect(states(good.answer)).toEqual(['sre pending', 'sre pending'])
  })

  it.each([
    [
      'every field that is wrong',
      [
        '--event-type',
        'vault.seal.detected',
        '--data',
        '{"node":7}',
        '--priority',
        PATIENT,
        '--stakeholders',
        'nobody',
        '--language',
        'fr',
        '--occurred-at',
        'now',
      ],
      '',
      'invalid_event',
      ['data.node', 'language', 'occurred_at', 'priority', 'stakeholders[0]'],
    ],
    [
      'data that are no object',
      ['--event-type', 'vault.seal.detected', '--data', `"${PATIENT}"`],
      '',
      'invalid_event',
      ['data'],
    ],
    ['an unknown type', ['--event-type', 'vault.seal.detectet'], '', 'invalid_event', ['event_type']],
    ['no JSON', [], `{"event_type":"${PATIENT}`, 'invalid_json', ['body']],
    [
      'a field that events do not have',
      [],
      '{"event_type":"vault.seal.detected","data":{"node":"v"},"prio":"HIGH"}',
      'invalid_event',
      ['prio'],
    ],
    ['a list, and options for one', ['--priority', 'high'], '[]', 'invalid_request', ['stdin']],
  ])('refuses %s', async (_, args, stdin, problem, places) => {
    const env = await startedStore('postgres')
    const { code, answer } = await runJson(['send', ...args], { env, stdin })
    expect({ code, problem: answer.code }).toEqual({ code: 2, problem })
    expect(answer.errors.map(({ at }: { at: string }) => at).sort()).toEqual(places)
  })

  it('reads .env, which the environment overrides', async () => {
    const cwd = embeddedFolder()
    const { DATABASE_URL } = await startedStore('postgres')
    writeFileSync(join(cwd, '.env'), `DATABASE_URL=${DATABASE_URL}\n`)
    expect(states((await runJson(SEAL, { cwd })).answer)).toEqual(['sre pending'])
    const away = `postgres://127.0.0.1:${await freePort()}/x`
    expect(await runJson(SEAL, { cwd, env: { DATABASE_URL: away } })).toMatchObject({ code: 3 })
  })
})

describe('send over HTTP', () => {
  it('sends the token of an option or the environment, and is refused without one', async () => {
    const token = `${MARK}-token`
    const gateway = await serveHere({
      ...(await startedStore('postgres')),
      TEAMS_API_TOKENS: `me:send:${token},you:read:${token}2`,
    })
    const url = ['--url', gateway.origin]
    expect(states((await runJson([...SEAL, ...url, '--token', token])).answer)).toEqual(['sre pending'])
    const env = { CLAIMLINC_TEAMS_URL: gateway.origin, CLAIMLINC_TEAMS_TOKEN: token }
    expect(await runJson(SEAL, { env })).toMatchObject({ code: 0 })
    const misspelt = { CLAIMLINC_TEAMS_URL: gateway.origin, CLAIMLINC_TEAMS_TOKNE: token }
    expect(await runJson(SEAL, { env: misspelt })).toMatchObject({
      code: 2,
      answer: { code: 'unauthenticated' },
      stderr: expect.stringMatching(/^CLAIMLINC_TEAMS_TOKNE: .*CLAIMLINC_TEAMS_TOKEN/m),
    })
    expect(await runJson([...SEAL, ...url])).toMatchObject({ code: 2, answer: { code: 'unauthenticated' } })
    expect(await runJson([...SEAL, ...url, '--token', `${token}2`])).toMatchObject({
      code: 2,
      answer: { code: 'forbidden' },
    })
    expect(await runJson(['send', '--event-type', 'vault.seal.detected', ...url, '--token', token])).toMatchObject({
      code: 2,
      answer: { code: 'invalid_event', errors: [{ at: 'data.node' }] },
    })
    expect(await runJson(['notifications', 'list', ...url, '--token', `${token}2`])).toMatchObject({
      code: 0,
      answer: { notifications: [{ channel: 'sre' }, { channel: 'sre' }] },
    })
  })

  it('to a gateway that is not there is exit code 3', async () => {
    const { code, stderr } = await runCli([...SEAL, '--url', `http://127.0.0.1:${await freePort()}`])
    expect(code).toBe(3)
    expect(stderr).toContain('gateway_unreachable')
  })
})
