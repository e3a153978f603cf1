import { describe, expect, it } from 'vitest'
import { KINDS, startedStore } from '../services/stores.ts'
import { runCli, runJson, serveHere, setFaults, startServe } from './cli.ts'

const send = (...channels: string[]) => [
  'send',
  '--event-type',
  'vault.seal.detected',
  '--data',
  '{"node":"vault-1"}',
  '--stakeholders',
  ...channels,
]

/** Waits until a notification is in a state, by asking for it again. */
async function reach(origin: string, id: string, state: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${origin}/v1/notifications/${id}`)
    const notification: unknown = await answer.json()
    if (
      typeof notification === 'object' &&
      notification !== null &&
      'state' in notification &&
      notification.state === state
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe.each(KINDS)('notifications on %s', (kind) => {
  it('are listed, shown, and replayed after they failed', async () => {
    const env = await startedStore(kind)
    const gateway = await serveHere(env)
    const url = ['--url', gateway.origin]
    await setFaults(gateway.origin, 'sre', { status: 400 })
    const { answer } = await runJson([...send('sre', 'pmo'), ...url])
    const ids = new Map<string, string>(
      answer.events[0].notifications.map((one: { channel: string; id: string }) => [one.channel, one.id]),
    )
    const [sre = '', pmo = ''] = [ids.get('sre'), ids.get('pmo')]
    await reach(gateway.origin, sre, 'failed')
    await reach(gateway.origin, pmo, 'accepted')

    const failed = await runCli(['notifications', 'list', '--state', 'failed', ...url])
    expect(failed).toMatchObject({ code: 0, stderr: '' })
    expect(failed.stdout.split('\n')).toEqual([
      expect.stringMatching(/^ACCEPTED +STATE +PRIORITY +CHANNEL +EVENT TYPE +CORRELATION ID +ID$/),
      expect.stringMatching(new RegExp(`^\\d{4}-.*Z +failed +CRITICAL +sre +vault.seal.detected +evt-\\S+ +${sre}$`)),
      '',
    ])
    const shown = await runCli(['notifications', 'show', sre, ...url])
    expect(shown.code).toBe(0)
    expect(shown.stdout).toMatch(/^state +failed \(bad_request\)$/m)
    expect(shown.stdout).toMatch(/^ {2}1 {2}\S+ \S+ +\d+ ms +bad_request /m)
    expect(shown.stdout).toMatch(/^ {2}node {2}"vault-1"$/m)
    expect((await runJson(['notifications', 'show', sre, ...url])).answer).toMatchObject({
      id: sre,
      attempts: [{ outcome: 'bad_request', status_code: 400 }],
    })

    await setFaults(gateway.origin, 'sre', {})
    const replayed = await runJson(['notifications', 'replay', sre, pmo, 'nonsense', ...url])
    expect(replayed.code).toBe(1)
    expect(replayed.answer).toMatchObject({
      notifications: [{ id: sre, state: 'pending' }],
      refused: [
        { id: pmo, code: 'not_replayable' },
        { id: 'nonsense', code: 'not_found' },
      ],
    })
    await reach(gateway.origin, sre, 'accepted')
    expect(await runCli(['notifications', 'replay', sre, ...url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not_replayable'),
    })
    expect(await runCli(['notifications', 'show', 'nonsense', ...url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not_found'),
    })
  })

  it('are replayed without a gateway as well', async () => {
    const env = await startedStore(kind)
    const gateway = await startServe(env)
    await setFaults(gateway.origin, 'sre', { status: 400 })
    const { answer } = await runJson([...send('sre'), '--url', gateway.origin])
    const id = answer.events[0].notifications[0].id
    await reach(gateway.origin, id, 'failed')
    gateway.child.kill('SIGTERM')
    expect(await gateway.ended).toMatchObject({ code: 0 })
    const state = kind === 'embedded' ? 'accepted' : 'pending'
    const { code, stdout } = await runCli(['notifications', 'replay', id], { env })
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}  sre  ${state}\n` })
  })
})

describe('a long list', () => {
  it('comes in pages, newest first, and is empty without a match', async () => {
    const env = await startedStore('postgres')
    await runCli(send('sre', 'pmo', 'devops'), { env })
    const first = await runJson(['notifications', 'list', '--limit', '2'], { env })
    expect(first.answer.notifications).toHaveLength(2)
    const rest = await runJson(['notifications', 'list', '--cursor', first.answer.next_cursor], { env })
    expect(rest.answer).toMatchObject({ notifications: [{}], next_cursor: null })
    expect((await runCli(['notifications', 'list', '--limit', '2'], { env })).stderr).toBe(
      `There are more: --cursor ${first.answer.next_cursor}\n`,
    )
    const none = await runCli(['notifications', 'list', '--since', '2999-01-01'], { env })
    expect(none).toMatchObject({
      code: 0,
      stdout: 'No such notification in the database of DATABASE_URL.\n',
      stderr: '',
    })
  })
})

describe('notifications list that finds nothing', () => {
  it.each([
    ['--channel', 'ser', '--channel: no channel has this key; perhaps sre.'],
    ['--channel', '#sre-oncall', '--channel: no channel has this key; the keys are '],
    ['--channel', '#pmo-updates', '--channel: no channel has this key; perhaps pmo.'],
    [
      '--event-type',
      'vault.seal.detectd',
      '--event-type: no event is stored under this name; perhaps vault.seal.detected.',
    ],
    [
      '--event-type',
      'celery.task.failure',
      '--event-type: no event is stored under this name; perhaps celery.task.failed.',
    ],
    ['--channel', 'sre', undefined],
    ['--event-type', 'vault.seal.detected', undefined],
  ])('with %s %s hints at what was meant', async (option, value, hint) => {
    const env = await startedStore('postgres')
    const { code, stdout, stderr } = await runCli(['notifications', 'list', option, value], { env })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'No such notification in the database of DATABASE_URL.\n' })
    if (hint === undefined) expect(stderr).toBe('')
    else expect(stderr).toContain(hint)
  })

  it('hints over HTTP too, and in JSON beside the answer', async () => {
    const { origin } = await serveHere(await startedStore('postgres'))
    const list = await runJson(['notifications', 'list', '--channel', 'ser', '--url', origin])
    expect(list).toMatchObject({
      code: 0,
      answer: { notifications: [] },
      stderr: expect.stringContaining('perhaps sre.'),
    })
  })
})
