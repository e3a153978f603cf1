import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { runCli, runJson, serveHere } from './cli.ts'

const SEND = ['send', '--event-type', 'backup.failed', '--data', '{"subject":"s","description":"d"}']

// Each command starts a process, and with the embedded database opens it: on a busy machine that takes a while.
describe.each(KINDS)('act and actions on %s', (kind) => {
  it('act, refuse, list and show', async () => {
    const gateway = await serveHere(await startedStore(kind))
    const url = ['--url', gateway.origin]
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, '.env'), `CLAIMLINC_TEAMS_URL=${gateway.origin}\n`)
    const sent = await runJson([...SEND, '--stakeholders', 'SRE', '--correlation-id', 'night-1', ...url])
    const { id } = sent.answer.events[0].notifications[0]

    const missing = await runCli(['act', 'discard', '--notification', id, ...url])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('--reason: found nothing; expected why')
    const acknowledged = await runJson(['act', 'acknowledge', '--correlation-id', 'night-1', '--note', 'on it', ...url])
    expect(acknowledged).toMatchObject({ code: 0, answer: { state: 'done', events: 1, note: 'on it' } })
    const again = await runCli(['act', 'acknowledge', '--notification', id, ...url])
    expect(again.code).toBe(1)
    expect(again.stdout).toMatch(/^state +refused$/m)
    expect(again.stdout).toContain('Somebody has acknowledged it already.')
    // The address of the gateway stands in .env.
    const list = await runJson(['actions', 'list', '--correlation-id', 'night-1'], { cwd })
    expect(list.answer.actions).toMatchObject([{ result: 'already_acknowledged' }, { state: 'done' }])
    const shown = await runCli(['actions', 'show', acknowledged.answer.id, ...url])
    expect(shown.stdout).toMatch(new RegExp(`^acknowledge +${acknowledged.answer.id}$`, 'm'))
    const detail = await runJson(['notifications', 'show', id, ...url])
    expect(detail.answer).toMatchObject({
      acknowledged_by: 'http',
      action_taken: 'acknowledge',
      actions: [{ action: 'acknowledge', by: 'http', data: { action_id: acknowledged.answer.id, note: 'on it' } }],
    })
  }, 180_000)

  it('act without a gateway, by the name of the account', async () => {
    const env = await startedStore(kind)
    const sent = await runJson([...SEND, '--correlation-id', 'night-2'], { env })
    expect(sent.code).toBe(0)
    const args = [
      'act',
      'discard',
      '--event',
      sent.answer.events[0].event_id,
      '--reason',
      'a drill',
      '--quiet-for',
      '2h',
    ]
    const { code, answer } = await runJson(args, { env })
    expect([code, answer]).toMatchObject([
      0,
      { state: 'done', via: 'command_line', by: expect.stringMatching(/^cli:./) },
    ])
    expect(Date.parse(answer.quiet_until) - Date.parse(answer.requested_at)).toBe(7_200_000)
  }, 180_000)

  it.each([
    [['act', 'acknowledge'], '--notification, --event, --correlation-id: found none of them'],
    [['act', 'acknowledge', '--event', 'a', '--correlation-id', 'b'], 'found 2 of them'],
    [
      ['act', 'discard', '--event', 'a', '--reason', 'r', '--quiet-for', 'soon'],
      '--quiet-for: found text of 4 characters',
    ],
    [['act', 'escalate', '--event', 'a', '--reason', 'r', '--tier', 'two'], '--tier: found text of 3 characters'],
  ])('refuse %j before anything is opened', async (args, message) => {
    const { code, stderr } = await runCli(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
