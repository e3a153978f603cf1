import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import type { GatewayOptions } from '../../src/gateway/options.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { embeddedFolder } from '../services/database.ts'
import { MARK, runCli, runJson, startCli } from './cli.ts'

describe('a command line', () => {
  it('has --help, which lists the commands', async () => {
    const { code, stdout, stderr } = await runCli(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of ['serve', 'send', 'migrate', 'notifications', 'silences', 'templates', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  it('prints its version', async () => {
    const { code, stdout } = await runCli(['--version'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it('without a command is wrong usage, answered with the list of commands', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: claimlinc-teams')
  })

  it.each([
    [['sned'], /unknown command 'sned'\n\(Did you mean send\?\)/, 'Usage: claimlinc-teams [options]'],
    [
      ['notifications', 'lst'],
      /unknown command 'lst'\n\(Did you mean list\?\)/,
      'Usage: claimlinc-teams notifications',
    ],
    [['send', `--tokn=${MARK}`], /unknown option '--tokn'/, 'Usage: claimlinc-teams send'],
    [['send', `-${MARK}`], /unknown option '-m'/, 'Usage: claimlinc-teams send'],
    [['send', MARK], /too many arguments/, 'Usage: claimlinc-teams send'],
    [['send', '--data'], /argument missing/, 'Usage: claimlinc-teams send'],
    [['notifications', 'show'], /missing required argument 'id'/, 'Usage: claimlinc-teams notifications show'],
  ])('%j is wrong usage, answered with the help of that command and no value', async (args, words, help) => {
    const { code, stdout, stderr } = await runCli(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(words)
    expect(stderr).toContain(help)
  })

  it('with --json gets its error as JSON', async () => {
    const { code, answer, stderr } = await runJson(['sned'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(answer).toMatchObject({
      code: 'invalid_request',
      errors: [{ found: expect.stringContaining('Did you mean send?') }],
    })
  })

  it.each([
    [['serve', '--once'], '--once'],
    [['serve', '--yes'], '--yes'],
    [['send', '--event-type', 'x', '--data', `{${MARK}`], '--data'],
    [['send'], '--event-type'],
    [['notifications', 'list', '--limit', '0'], '--limit'],
    [['notifications', 'list', '--priority', 'loud'], '--priority'],
    [['send', '--url', `ftp://${MARK}`, '--event-type', 'x'], 'url'],
    [['notifications', 'list', '--url', 'http://127.0.0.1:9', '--token', `${MARK} x`], 'token'],
    [
      [
        'templates',
        'render',
        '--event-type',
        'vault.seal.detected',
        '--data',
        '{"node":"vault-1"}',
        '--channel',
        'srr',
      ],
      '--channel',
    ],
  ])('%j names what is wrong', async (args, at) => {
    const { code, answer } = await runJson(args)
    expect(code).toBe(2)
    expect(answer).toMatchObject({ code: 'invalid_request', errors: [{ at }] })
  })
})

describe('settings', () => {
  it('that are invalid are listed in one error, with lines of .env and webhook URLs, before the database is opened', async () => {
    const cwd = embeddedFolder()
    writeFileSync(join(cwd, '.env'), `no setting ${MARK}\n`)
    const env = {
      TEAMS_MAX_RETRIES: 'many',
      TEAMS_API_TOKENS: `a:send:${MARK}:x`,
      TEAMS_HTTP_POTR: '1',
      TEAMS_WEBHOOK_SRE: `https://example.com/${MARK}`,
      TEAMS_WEBHOOK_SER: MARK,
      // Nobody listens there: it is not asked.
      VAULT_ADDR: 'http://127.0.0.1:9',
      VAULT_TOKEN: MARK,
    }
    const { code, stderr, stdout } = await runCli(['serve'], { env, cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('invalid_settings')
    const named = [...stderr.matchAll(/^ {2}(.+?): found /gm)].map(([, at]) => at)
    expect(named.sort()).toEqual([
      '.env, line 1',
      'TEAMS_API_TOKENS',
      'TEAMS_HTTP_POTR',
      'TEAMS_MAX_RETRIES',
      'TEAMS_WEBHOOK_SER',
      'TEAMS_WEBHOOK_SRE',
    ])
    expect(stderr).not.toContain(MARK)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it('that are invalid do not hide problems in the configuration of a library', async () => {
    const settings = { TEAMS_LANGUAGE: 'fr', TEAMS_LOG_LEVEL: 'silent' }
    const config: NonNullable<GatewayOptions['config']> = JSON.parse('{"channels":{"sre":{"language":"fr"}}}')
    const of = async (options: GatewayOptions) => {
      const error = await createGateway({ env: {}, settings, ...options }).catch((thrown: unknown) => thrown)
      return isGatewayError(error, 'invalid_settings') ? error.problems.map(({ at }) => at) : error
    }
    expect(await of({ config })).toEqual(['TEAMS_LANGUAGE', expect.stringMatching(/channels.*sre.*language/)])
    expect(await of({ webhooks: { pmo: 'placeholder' } })).toEqual(['TEAMS_LANGUAGE', 'TEAMS_WEBHOOK_PMO'])
  })

  it('that decide which webhook URLs are good do not make a good one look wrong', async () => {
    const suffixes = { TEAMS_WEBHOOK_HOST_SUFFIXES: 'localhost:1' }
    const url = 'https://flows.example.sa/workflows/1/invoke?sig=0123456789'
    const { stderr } = await runCli(['serve'], { env: { ...suffixes, TEAMS_WEBHOOK_SRE: url } })
    expect(stderr).toContain('TEAMS_WEBHOOK_HOST_SUFFIXES: found')
    expect(stderr).not.toContain('TEAMS_WEBHOOK_SRE')
  })

  it('that name a configuration file which is not there', async () => {
    const { code, answer } = await runJson(['templates', 'check'], { env: { TEAMS_CONFIG_FILE: './none.yaml' } })
    expect({ code, problem: answer.code }).toEqual({ code: 2, problem: 'invalid_config_file' })
  })
})

describe('stdout', () => {
  it('may be closed by its reader, which is no failure', async () => {
    const running = startCli(['--help'])
    running.child.stdout?.destroy()
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('has no colours in a pipe', async () => {
    const { stdout } = await runCli(['templates', 'check'])
    expect(stdout).toMatch(/^ok {2}\d+ cards/)
  })
})

it('answers of a gateway are printed without control characters', async () => {
  const hostile = 'x\x1b[31m\x1b[2Jy\r\x9b1mz\u202e'
  const problem = { type: 't', title: 't', status: 404, code: 'not_found', detail: 'd', todo: 't' }
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ ...problem, errors: [{ at: hostile, found: hostile, expected: hostile }] }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const args = ['notifications', 'show', '0', '--url', `http://127.0.0.1:${port}`]
  const { code, stderr } = await runCli(args)
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('xyz: found xyz; expected xyz'),
  })
  expect(stderr).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u)
  const { answer, stdout } = await runJson(args)
  expect(answer.errors[0].found).toBe(hostile)
  expect(stdout).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u)
})
