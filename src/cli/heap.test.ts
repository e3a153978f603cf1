import { describe, expect, it } from 'vitest'
import { keepHeapSmall, SEMI_SPACE_MB, type StartedProcess } from './heap.ts'

const FLAG = `--max-semi-space-size=${SEMI_SPACE_MB}`

/** Arguments and environment of the call of `execve`; undefined without one. */
function execveCall(given: Partial<StartedProcess>) {
  const found: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {}
  const stopped = new Error('execve replaces the process')
  keepHeapSmall({
    execPath: '/usr/bin/node',
    execArgv: [],
    argv0: 'node',
    argv: ['/usr/bin/node', '/app/main.js', 'serve', '--json'],
    env: {},
    execve(_file, args, env) {
      Object.assign(found, { args, env })
      throw stopped
    },
    ...given,
  })
  return found.args && found
}

describe('keepHeapSmall', () => {
  it("starts Node again with the program's own arguments and all of Node's", () => {
    expect(execveCall({ execArgv: ['--cpu-prof', '--env-file=a'], env: { HOME: '/app' } })).toEqual({
      args: ['node', '--cpu-prof', '--env-file=a', FLAG, '--liftoff-only', '/app/main.js', 'serve', '--json'],
      env: { HOME: '/app', MALLOC_ARENA_MAX: '2' },
    })
  })

  it('starts Node again only once', () => {
    expect(execveCall({ execArgv: [FLAG] })).toBeUndefined()
  })

  it.each([
    ['on the command line', { execArgv: ['--max-semi-space-size=64'] }],
    ['with underscores', { execArgv: ['--max_semi_space_size=64'] }],
    ['in NODE_OPTIONS', { env: { NODE_OPTIONS: '--enable-source-maps --max-semi-space-size=64' } }],
  ])('does not start Node again if the user sizes the semi-space %s', (_where, given) => {
    expect(execveCall(given)).toBeUndefined()
  })

  it("keeps the user's own number of arenas, and a limit of the old space", () => {
    const found = execveCall({ env: { MALLOC_ARENA_MAX: '8', NODE_OPTIONS: '--max-old-space-size=512' } })
    expect(found?.args).toContain(FLAG)
    expect(found?.env).toEqual({ MALLOC_ARENA_MAX: '8', NODE_OPTIONS: '--max-old-space-size=512' })
  })

  it('does not start Node again with an IPC channel to a parent', () => {
    expect(execveCall({ channel: {} })).toBeUndefined()
  })

  it('does not throw without execve, as on Windows', () => {
    const { execPath, argv0, argv } = process
    expect(() => keepHeapSmall({ execPath, execArgv: [], argv0, argv, env: {} })).not.toThrow()
  })
})
