import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { codeOf, framesOf, GatewayError, nameOf } from './errors.ts'
import { createLog } from './log.ts'

/** An error like those of database drivers: a message that quotes a value and has a line like a frame, and properties. */
class DriverError extends Error {
  override readonly name = 'DriverError'
  readonly code = '22P02'
  readonly params = ['MARK']
  readonly detail = 'Token "MARK" is invalid.'
  constructor() {
    super('bad value MARK\n    at MARK (MARK.ts:1:1)', { cause: new Error('MARK') })
  }
}

/** All texts that printing an error makes: console, String, JSON, stack and log line. */
function printed(error: Error): string {
  const lines: string[] = []
  createLog('info', { write: (line) => lines.push(line) }).write('maintenance_failed', { err: error })
  return [
    inspect(error, { depth: 10, showHidden: true }),
    String(error),
    JSON.stringify(error),
    error.stack,
    ...lines,
  ].join()
}

describe('the cause of a GatewayError', () => {
  it('keeps its name, its code and its stack frames, and no value', () => {
    const error = new GatewayError('internal', [], { cause: new DriverError() })
    const text = printed(error)
    expect(text).not.toContain('MARK')
    expect(text).toContain('DriverError')
    expect(text).toContain('22P02')
    expect(framesOf(error.cause as Error)[0]).toContain('errors.test.ts')
  })

  it('is kept unchanged where it is a GatewayError', () => {
    const cause = new GatewayError('not_found')
    expect(new GatewayError('internal', [], { cause }).cause).toBe(cause)
    expect('cause' in new GatewayError('internal')).toBe(false)
  })

  it.each([
    ['text'],
    [null],
    [7],
    [{ code: 'MARK is no code', message: 'MARK' }],
    [Object.assign(new Error('MARK'), { name: 'a MARK' })],
  ])('prints no value of %o', (cause) => {
    expect(printed(new GatewayError('internal', [], { cause }))).not.toContain('MARK')
  })
})

it('a log line quotes no message of a foreign error, also not one with lines like frames', () => {
  const lines: string[] = []
  createLog('info', { write: (line) => lines.push(line) }).write('turn_failed', {
    err: new DriverError(),
    channel: 'sre',
  })
  expect(lines.join()).not.toContain('MARK')
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
    err: { type: 'DriverError', code: '22P02', cause: { type: 'Error' } },
  })
  expect(JSON.parse(lines[0] ?? '{}').err.at[0]).toContain('errors.test.ts')
})

it('codeOf and nameOf return only values that look like codes and names', () => {
  expect([codeOf({ code: 'ECONNREFUSED' }), codeOf({ code: 'a b' }), codeOf({ code: 7 }), codeOf(null)]).toEqual([
    'ECONNREFUSED',
    undefined,
    undefined,
    undefined,
  ])
  expect(nameOf(Object.assign(new Error(), { name: 'a b' }))).toBe('Error')
})
