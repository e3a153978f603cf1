import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/kernel/errors.ts'
import { type Environment, parseEnvFile } from '../../src/settings/env-file.ts'
import { loadSettings, withEnvFile } from '../../src/settings/load.ts'
import { settingNotices } from '../../src/settings/notices.ts'
import { embeddedFolder } from '../services/database.ts'
import { problemsOf, thrown } from './refused.ts'

describe('.env file', () => {
  it('is overridden by the environment', () => {
    const file = join(embeddedFolder(), '.env')
    writeFileSync(file, '# comment\nTEAMS_HTTP_PORT=9001\nTEAMS_LANGUAGE="ar"\n')
    const settings = loadSettings(withEnvFile({ TEAMS_HTTP_PORT: '9002' }, file))
    expect([settings.TEAMS_HTTP_PORT, settings.TEAMS_LANGUAGE]).toEqual([9002, 'ar'])
  })

  it('may be missing, and must be readable otherwise', () => {
    const folder = embeddedFolder()
    expect(withEnvFile({ A: '1' }, join(folder, '.env'))).toEqual({ A: '1' })
    mkdirSync(join(folder, 'folder'))
    expect(() => withEnvFile({}, join(folder, 'folder'))).toThrow(GatewayError)
    writeFileSync(join(folder, '.env'), Buffer.from('\uFEFFA=1\n', 'utf16le'))
    expect(() => withEnvFile({}, join(folder, '.env'))).toThrow('found text that is not UTF-8')
  })

  it.each<[string, string, Record<string, string>]>([
    ['a byte order mark', '\uFEFFTEAMS_HTTP_PORT=9001\nB=2', { TEAMS_HTTP_PORT: '9001', B: '2' }],
    ['a blank behind the sign and nothing more', 'A= \nB=2', { A: '', B: '2' }],
    ['nothing behind the sign', 'A=\nB=2', { A: '', B: '2' }],
    ['lines as Windows and old Macs end them', 'A=1\r\nB=2\rC=3', { A: '1', B: '2', C: '3' }],
    ['blanks around names and values', '  A =  x y \t\n\tB=2', { A: 'x y', B: '2' }],
    ['the word export', 'export A=1\nexport\tB=2', { A: '1', B: '2' }],
    ['a comment behind a value', "A=1 # one\nB='2' # two\nC=# three\nD= # four", { A: '1', B: '2', C: '', D: '' }],
    ['a # inside of a value', 'A=pass#word\nB="x # y"', { A: 'pass#word', B: 'x # y' }],
    ['a = inside of a value', 'A=postgres://h/d?sslmode=require', { A: 'postgres://h/d?sslmode=require' }],
    [
      'quotes',
      `A="it's"\nB='say "x"'\nC=\`both ' and "\`\nD=""`,
      { A: "it's", B: 'say "x"', C: 'both \' and "', D: '' },
    ],
    ['quotes inside of a value', 'A=it"s\nB=2', { A: 'it"s', B: '2' }],
    ['a value over several lines', 'A="one\r\ntwo"\nB=2', { A: 'one\ntwo', B: '2' }],
    ['\\n in double quotes alone', 'A="one\\ntwo"\nB=\'one\\ntwo\'', { A: 'one\ntwo', B: 'one\\ntwo' }],
    ['a name twice: the last one', 'A=1\nA=2', { A: '2' }],
  ])('may have %s', (_, text, values) => {
    const file = join(embeddedFolder(), '.env')
    writeFileSync(file, text)
    expect(withEnvFile({}, file)).toEqual(values)
  })

  it('is refused with the number of each invalid line, none of them quoted', () => {
    const file = join(embeddedFolder(), '.env')
    const lines = ['A=1', 'TEAMS_HTTP_PORT 9001', '# comment', 'TEAMS_LANGUAGE: ar', '', '=secret', 'TEAMS HTTP=1']
    writeFileSync(file, [...lines, 'B="secret" secret', "C='secret"].join('\n'))
    const error = thrown(() => withEnvFile({}, file))
    expect(error.code).toBe('invalid_settings')
    expect(error.problems.map(({ at, found }) => [at.replace(file, '.env'), found])).toEqual([
      ['.env, line 2', 'a line without "="'],
      ['.env, line 4', 'a line without "="'],
      ['.env, line 6', 'a line without a name before its "="'],
      ['.env, line 7', 'a line without a name before its "="'],
      ['.env, line 8', 'text behind the closing quote'],
      ['.env, line 9', "a value that begins with ' and has no such quote at its end"],
    ])
    expect(error.message).not.toContain('secret')
  })

  it('has its problems in one error with those of the settings', () => {
    const file = join(embeddedFolder(), '.env')
    writeFileSync(file, 'TEAMS_LANGUAGE\nTEAMS_HTTP_PORT=eighty\n')
    const at = thrown(() => withEnvFile({ TEAMS_MIGRATE: 'maybe' }, file)).problems.map((problem) => problem.at)
    expect(at).toEqual([`${file}, line 1`, 'TEAMS_HTTP_PORT', 'TEAMS_MIGRATE'])
  })

  it('has any text in single quotes as a value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !/['\r]/.test(text)),
        (text) => {
          expect(parseEnvFile(`A='${text}'\nB=2\n`, '.env')).toEqual({ values: { A: text, B: '2' }, problems: [] })
        },
      ),
    )
  })

  it('named .env.example sets the defaults only', () => {
    const { values, problems } = parseEnvFile(
      readFileSync(new URL('../../.env.example', import.meta.url), 'utf8'),
      '.env.example',
    )
    expect(problems).toEqual([])
    expect(loadSettings(values)).toEqual(loadSettings({}))
  })
})

describe('variables that Kubernetes makes for a Service', () => {
  const OF_GATEWAY = {
    TEAMS_GATEWAY_SERVICE_HOST: '10.0.0.5',
    TEAMS_GATEWAY_SERVICE_PORT: '8080',
    TEAMS_GATEWAY_PORT: 'tcp://10.0.0.5:8080',
    TEAMS_GATEWAY_PORT_8080_TCP: 'tcp://10.0.0.5:8080',
    TEAMS_GATEWAY_PORT_8080_TCP_PROTO: 'tcp',
    TEAMS_GATEWAY_PORT_8080_TCP_PORT: '8080',
    TEAMS_GATEWAY_PORT_8080_TCP_ADDR: '10.0.0.5',
  }
  const without = (env: Environment) => withEnvFile(env, join(embeddedFolder(), '.env'))

  it.each<[string, Environment]>([
    ['teams-gateway', OF_GATEWAY],
    [
      'teams, in IPv6, with a named port',
      {
        TEAMS_SERVICE_HOST: 'fd00::5',
        TEAMS_SERVICE_PORT: '80',
        TEAMS_SERVICE_PORT_HTTP_METRICS: '80',
        TEAMS_PORT: 'tcp://[fd00::5]:80',
        TEAMS_PORT_80_TCP: 'tcp://[fd00::5]:80',
        TEAMS_PORT_80_TCP_ADDR: 'fd00::5',
      },
    ],
    [
      'teams-http, whose port would be a setting of ours',
      { TEAMS_HTTP_SERVICE_HOST: '10.0.0.6', TEAMS_HTTP_SERVICE_PORT: '80', TEAMS_HTTP_PORT: 'tcp://10.0.0.6:80' },
    ],
    [
      'teams-webhook, whose names would be those of channels',
      {
        TEAMS_WEBHOOK_SERVICE_HOST: '10.0.0.7',
        TEAMS_WEBHOOK_SERVICE_PORT: '80',
        TEAMS_WEBHOOK_PORT: 'udp://10.0.0.7:80',
      },
    ],
  ])('are no settings: %s', (_, env) => {
    expect(without({ ...env, TEAMS_LANGUAGE: 'ar' })).toEqual({ TEAMS_LANGUAGE: 'ar' })
  })

  it('do not hide a setting beside them, nor misspelt names', () => {
    const env = without({
      ...OF_GATEWAY,
      TEAMS_HTTP_SERVICE_HOST: '10.0.0.6',
      TEAMS_HTTP_SERVICE_PORT: '80',
      TEAMS_HTTP_PORT: '9000',
      TEAMS_GATEWAY_TIMEOUT: '3',
    })
    expect(env).toEqual({ TEAMS_HTTP_PORT: '9000', TEAMS_GATEWAY_TIMEOUT: '3' })
    expect(problemsOf(env)).toMatchObject([{ at: 'TEAMS_GATEWAY_TIMEOUT' }])
    // No Service stands behind it.
    expect(problemsOf(without({ TEAMS_GATEWAY_PORT: 'tcp://10.0.0.5:80' }))).toMatchObject([
      { at: 'TEAMS_GATEWAY_PORT' },
    ])
  })
})

describe('variables that name a running gateway', () => {
  const noticed = (env: Environment) => settingNotices(env, loadSettings(env)).map(({ at, says }) => [at, says])

  it.each([
    ['CLAIMLINC_TEAMS_ULR', 'CLAIMLINC_TEAMS_URL'],
    ['CLAIMLINC_TEAMS_URI', 'CLAIMLINC_TEAMS_URL'],
    ['CLAIMLINC_TEAM_URL', 'CLAIMLINC_TEAMS_URL'],
    ['claimlinc_teams_url', 'CLAIMLINC_TEAMS_URL'],
    ['CLAIMLINC_TEAMS_TOKNE', 'CLAIMLINC_TEAMS_TOKEN'],
    ['CLAIMLINK_TEAMS_TOKEN', 'CLAIMLINC_TEAMS_TOKEN'],
  ])('%s is noticed, and not refused', (name, meant) => {
    expect(noticed({ [name]: 'zq' })).toEqual([[name, expect.stringContaining(`Perhaps ${meant} is meant`)]])
    expect(JSON.stringify(noticed({ [name]: 'zq' }))).not.toContain('zq')
    expect(noticed({ [name]: 'zq', [meant]: 'x' })).toEqual([])
    expect(noticed({ [name]: ' ' })).toEqual([])
  })

  it.each([
    'CLAIMLINC_TEAMS_URL',
    'CLAIMLINC_TEAMS_TOKEN',
    'CLAIMLINC_TEAMS_SERVICE_HOST',
    'CLAIMLINC_TEAMS_SERVICE_PORT',
    'CLAIMLINC_TEAMS_SERVICE_PORT_HTTP',
    'CLAIMLINC_TEAMS_PORT',
    'CLAIMLINC_TEAMS_PORT_8080_TCP',
    'CLAIMLINC_TEAMS_PORT_8080_TCP_ADDR',
    'CLAIMLINC_TEAMS_HOST',
    'CLAIMLINC_TEAMS_IMAGE_TAG',
    'CLAIMLINC_TASKS_URL',
  ])('%s is not', (name) => {
    expect(noticed({ [name]: 'x' })).toEqual([])
  })
})
