import { describe, expect, it } from 'vitest'
import { HALF_OF_NEW_SPACE, keepHeapSmall, type StartedProcess } from './heap.ts'

const FLAG = `--max-semi-space-size=${HALF_OF_NEW_SPACE}`

/** What Node would be started anew with; undefined where it is not. */
function startedAnew(given: Partial<StartedProcess>) {
  const found: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {}
  const stopped = new Error('started anew')
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
  it("starts Node anew with the program's own arguments and all of Node's", () => {
    expect(startedAnew({ execArgv: ['--cpu-prof', '--env-file=a'], env: { HOME: '/app' } })).toEqual({
      args: ['node', '--cpu-prof', '--env-file=a', FLAG, '--liftoff-only', '/app/main.js', 'serve', '--json'],
      env: { HOME: '/app', MALLOC_ARENA_MAX: '2' },
    })
  })

  it('starts it once', () => {
    expect(startedAnew({ execArgv: [FLAG] })).toBeUndefined()
  })

  it.each([
    ['on the command line', { execArgv: ['--max-semi-space-size=64'] }],
    ['with underscores', { execArgv: ['--max_semi_space_size=64'] }],
    ['in NODE_OPTIONS', { env: { NODE_OPTIONS: '--enable-source-maps --max-semi-space-size=64' } }],
  ])('leaves it to whoever sizes the space %s', (_where, given) => {
    expect(startedAnew(given)).toBeUndefined()
  })

  it("keeps the user's own number of arenas, and a limit of the old space", () => {
    const found = startedAnew({ env: { MALLOC_ARENA_MAX: '8', NODE_OPTIONS: '--max-old-space-size=512' } })
    expect(found?.args).toContain(FLAG)
    expect(found?.env).toEqual({ MALLOC_ARENA_MAX: '8', NODE_OPTIONS: '--max-old-space-size=512' })
  })

  it('does not cut off a parent that listens on a channel', () => {
    expect(startedAnew({ channel: {} })).toBeUndefined()
  })

  it('goes on where there is no such call, as on Windows', () => {
    const { execPath, argv0, argv } = process
    expect(() => keepHeapSmall({ execPath, execArgv: [], argv0, argv, env: {} })).not.toThrow()
  })
})
