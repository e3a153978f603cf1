import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KINDS, startedStore } from '../services/stores.ts'
import { MARK, runCli, runJson, serveHere } from './cli.ts'

const SEND = ['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"vault-1"}']
const ADD = ['silences', 'add', '--match', 'event_type=vault.*', '--for', '2h', '--reason', 'we unseal it by hand']

const statesOf = (answer: { events: { notifications: { state: string }[] }[] }) => [
  ...new Set(answer.events.flatMap(({ notifications }) => notifications.map(({ state }) => state))),
]

// Each command starts a process, and with the embedded database opens it: on a busy machine that takes a while.
describe.each(KINDS)('silences on %s', (kind) => {
  it('are added, shown and ended without a gateway, and suppress matching notifications', async () => {
    const env = await startedStore(kind)
    const added = await runJson([...ADD, '--match', 'data.node!=vault-2'], { env })
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.answer).toMatchObject({
      kind: 'silence',
      state: 'active',
      matchers: [
        { field: 'event_type', operator: '=', value: 'vault.*' },
        { field: 'data.node', operator: '!=', value: 'vault-2' },
      ],
      every: null,
      reason: 'we unseal it by hand',
      created_by: expect.stringMatching(/^cli:./),
      kept_back: 0,
    })
    const { id, starts_at, ends_at } = added.answer
    const lasts = Date.parse(ends_at) - Date.parse(starts_at)
    expect(Math.abs(lasts - 7_200_000)).toBeLessThan(60_000)

    const sent = await runJson(SEND, { env })
    expect(statesOf(sent.answer)).toEqual(['suppressed'])
    const silence = await runCli(['silences', 'show', id], { env })
    expect(silence).toMatchObject({ code: 0, stderr: '' })
    expect(silence.stdout).toMatch(new RegExp(`^silence +${id}$`, 'm'))
    expect(silence.stdout).toMatch(/^kept back +3$/m)
    expect(silence.stdout).toMatch(/^Matchers\n {2}event_type=vault\.\*\n {2}data\.node!=vault-2\n$/m)

    const ended = await runJson(['silences', 'end', id, 'nonsense', id], { env })
    expect(ended.code).toBe(1)
    expect(ended.answer).toMatchObject({
      silences: [{ id, state: 'over', ended_by: expect.stringMatching(/^cli:./) }],
      refused: [
        { id: 'nonsense', code: 'not_found' },
        { id, code: 'silence_over' },
      ],
    })
  }, 180_000)

  it('are those of the gateway at --url', async () => {
    const gateway = await serveHere(await startedStore(kind))
    const url = ['--url', gateway.origin]
    const window = ['--maintenance', '--every', 'week', '--from', '2026-01-02T22:00:00+03:00', '--for', '1d2h']
    const args = ['silences', 'add', '--match', 'channel=sre', ...window, '--reason', 'patch night']
    const { answer } = await runJson([...args, ...url])
    expect(answer).toMatchObject({
      kind: 'maintenance',
      every: 'week',
      starts_at: '2026-01-02T19:00:00.000Z',
      ends_at: '2026-01-03T21:00:00.000Z',
      created_by: 'http',
    })
    const shown = await runCli(['silences', 'show', answer.id, ...url])
    expect(shown.stdout).toMatch(/^comes again +every week$/m)
    expect(shown.stdout).toMatch(/^now or next +\d{4}-\d\d-\d\d 19:00:00Z to \d{4}-\d\d-\d\d 21:00:00Z$/m)
    expect((await runJson(['silences', 'list', ...url])).answer.silences).toMatchObject([{ id: answer.id }])
    const other = (await runJson([...ADD, ...url])).answer
    const sent = await runJson([...SEND, ...url])
    expect(statesOf(sent.answer)).toEqual(['suppressed'])
    const list = await runCli(['silences', 'list', '--state', 'active', '--kind', 'silence', ...url])
    expect(list.stdout.split('\n')).toEqual([
      expect.stringMatching(/^STATE +KIND +FROM +UNTIL +EVERY +BY +REASON +MATCHERS +ID$/),
      expect.stringMatching(/^active +silence +(\S+ \S+Z +){2}http +we unseal it by hand +event_type=vault\.\* +\S+$/),
      '',
    ])
    expect((await runCli(['silences', 'list', '--state', 'over', ...url])).stdout).toMatch(/^No such silence in /)
    const notification = await runCli(['notifications', 'show', sent.answer.events[0].notifications[0].id, ...url])
    expect(notification.stdout).toMatch(/^state +suppressed \(silence\)$/m)
    expect(notification.stdout).toMatch(new RegExp(`^kept back by +${other.id}$`, 'm'))
    await runCli(['silences', 'end', other.id, ...url])
    expect(statesOf((await runJson([...SEND, '--stakeholders', 'pmo', ...url])).answer)).toEqual(['pending'])
    const ended = await runCli(['silences', 'end', answer.id, ...url])
    expect(ended).toMatchObject({ code: 0, stdout: `${answer.id}  over\n`, stderr: '' })
    expect(await runCli(['silences', 'end', answer.id, ...url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('silence_over'),
    })
    expect((await runCli(['silences', 'show', 'nonsense', ...url])).stderr).toContain('not_found')
  }, 180_000)
})

describe('a backlog', () => {
  it('is suppressed by a silence that is active at once', async () => {
    const env = await startedStore('postgres')
    expect(statesOf((await runJson(SEND, { env })).answer)).toEqual(['pending'])
    const added = await runCli(['silences', 'add', '--match', 'channel!=sre', '--for', '30m', '--reason', 'r'], { env })
    expect(added.stdout).toMatch(/^kept back +2$/m)
    const { answer } = await runJson(['notifications', 'list', '--state', 'pending'], { env })
    expect(answer.notifications).toMatchObject([{ channel: 'sre' }])
  })
})

describe('an invalid silence', () => {
  it.each([
    [[], ['--match', '--for', '--reason']],
    [
      ['--match', MARK, '--match', `=${MARK}`, '--for', MARK],
      ['--match[0]', '--match[1]', '--for', '--reason'],
    ],
    [['--match', 'channel=sre', '--for', '2h', '--until', MARK, '--reason', 'r'], ['--until']],
    [['--match', 'channel=sre', '--from', MARK, '--for', '2h', '--reason', 'r'], ['--from']],
    [['--match', 'channel=sre', '--for', '2hours', '--reason', 'r'], ['--for']],
    [['--match', 'channel=sre', '--for', '', '--reason', 'r'], ['--for']],
  ])('in its options is an error before the database is opened: %j', async (args, places) => {
    // Opening this database, which does not exist, would give exit code 3.
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }
    const { code, answer } = await runJson(['silences', 'add', ...args], { env })
    expect(code).toBe(2)
    expect(answer).toMatchObject({ code: 'invalid_silence' })
    expect(answer.errors.map(({ at }: { at: string }) => at)).toEqual(places)
  })

  it('in its matchers is an error with the names of the options, from a gateway and from a database', async () => {
    const gateway = await serveHere(await startedStore('embedded'))
    const own = await startedStore('postgres')
    for (const [args, places] of [
      [
        ['--for', '0s'],
        ['--match[0]', '--every', '--for'],
      ],
      [
        ['--until', MARK, '--from', MARK],
        ['--match[0]', '--every', '--from', '--until'],
      ],
      [
        ['--until', '2020-01-01T00:00:00Z', '--from', '2019-01-01T00:00:00Z'],
        ['--match[0]', '--every', '--until'],
      ],
    ] as const) {
      const wrong = ['silences', 'add', '--match', `chanel=${MARK}`, '--every', 'day', '--reason', 'r', ...args]
      for (const { code, answer } of [
        await runJson([...wrong, '--url', gateway.origin]),
        await runJson(wrong, { env: own }),
      ]) {
        expect(code).toBe(2)
        expect(answer).toMatchObject({ code: 'invalid_silence' })
        expect(answer.errors.map(({ at }: { at: string }) => at)).toEqual(places)
        expect(answer.errors[0].expected).toBe('perhaps channel')
      }
    }
    const { stderr, code } = await runCli([...ADD, '--reason', `${MARK}\n`], { env: own })
    expect([code, stderr]).toEqual([2, expect.stringContaining('--reason: found text with control characters')])
  }, 180_000)

  it.each([
    [['list', '--state', 'pending'], '--state'],
    [['list', '--kind', 'mute'], '--kind'],
    [['list', '--limit', '0'], '--limit'],
  ])('in a filter is an error: %j', async (args, at) => {
    const { code, answer } = await runJson(['silences', ...args])
    expect([code, answer.errors]).toMatchObject([2, [{ at }]])
  })

  it.each([
    [['silences', 'add', '--mach', 'x'], /unknown option '--mach'\n\(Did you mean --match\?\)/],
    [['silences', 'end'], /missing required argument 'id'/],
    [['silences', 'ad'], /unknown command 'ad'/],
  ])('in its command line is wrong usage: %j', async (args, words) => {
    const { code, stderr } = await runCli(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(words)
  })

  it('is wrong usage, and so is an invalid --digest of notifications list', async () => {
    const { code, answer } = await runJson(['notifications', 'list', '--digest', MARK])
    expect([code, answer.errors]).toMatchObject([2, [{ at: '--digest' }]])
  })
})

describe('docs/guides/silences.md', () => {
  const guide = readFileSync(new URL('../../docs/guides/silences.md', import.meta.url), 'utf8')
  const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, code = '']) => code.replaceAll('\\\n', ' ').trim().split('\n'))
    .filter((line) => line.startsWith('npx claimlinc-teams silences add '))

  it('has commands that work unchanged', async () => {
    expect(commands.length).toBeGreaterThan(3)
    const gateway = await serveHere(await startedStore('embedded'))
    for (const command of commands) {
      const args = [...command.replace('npx claimlinc-teams ', '').matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, plain]) => quoted ?? plain ?? '',
      )
      const { code, stderr } = await runCli([...args, '--url', gateway.origin])
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
    }
  })
})
