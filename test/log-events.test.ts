import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../src/kernel/errors.ts'
import { createLog, errorForLog, logOf } from '../src/kernel/log.ts'
import { LOG_FIELDS, type LogEventRow } from '../src/kernel/log-events/fields.ts'
import { LOG_EVENTS, LOG_EVENTS_BY_SUBJECT } from '../src/kernel/log-events/table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = globSync('src/**/*.ts', { cwd: root, exclude: ['src/kernel/log-events/*', '**/*.test.ts'] })
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const rows = Object.entries<LogEventRow>(LOG_EVENTS)

describe('the table of log events', () => {
  it('has every name once, in snake_case', () => {
    const names = Object.values(LOG_EVENTS_BY_SUBJECT).flatMap((subject) => Object.keys(subject))
    expect([...names].sort()).toEqual(Object.keys(LOG_EVENTS).sort())
    expect(names.filter((name) => !/^[a-z]+(_[a-z]+)*$/.test(name))).toEqual([])
  })

  it('has a message of its own for each event', () => {
    expect(new Set(rows.map(([, { message }]) => message)).size).toBe(rows.length)
  })

  it('has no unused row and no unused field', () => {
    const text = sources.map(read).join('\n')
    expect(rows.map(([name]) => name).filter((name) => !text.includes(`'${name}'`))).toEqual([])
    const used = new Set(rows.flatMap(([, { fields, optional }]) => [...fields, ...(optional ?? [])]))
    expect(Object.keys(LOG_FIELDS).sort()).toEqual([...used].sort())
  })

  it('has no field that every line has, and none whose values are redacted', () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => void lines.push(line) })
    log.write('sweep_recovered')
    const everyLine = Object.keys(JSON.parse(lines[0] ?? '{}'))
    expect(everyLine).toEqual(['level', 'time', 'event', 'msg'])
    expect(everyLine.filter((name) => name in LOG_FIELDS)).toEqual([])
    // With any value, since only its name counts.
    const values = Object.fromEntries(Object.keys(LOG_FIELDS).map((name) => [name, 'value']))
    log.write('turn_failed', { ...values, err: new Error(), channel: 'sre' } as { err: unknown; channel: string })
    expect(lines[1]).not.toContain('[not logged]')
  })
})

describe('the log', () => {
  it('is the only file that imports pino, and src/ calls no console method', () => {
    expect(sources.filter((file) => /from 'pino'|import\('pino'\)/.test(read(file)))).toEqual(['src/kernel/log.ts'])
    // Examples in docstrings may print.
    const code = (file: string) => read(file).replace(/^ *\*.*$/gm, '')
    expect(sources.filter((file) => /\bconsole\.\w+\(/.test(code(file)))).toEqual([])
  })

  it('writes to a logger of the host program, without the messages of foreign errors', () => {
    const seen: unknown[] = []
    const take = (level: string) => (fields: object, message: string) => void seen.push([level, fields, message])
    const host = {
      debug: take('debug'),
      info: take('info'),
      warn: take('warn'),
      error: take('error'),
      // A logger that is a stream, as winston's.
      write: () => {
        throw new Error('an event was written to the stream of the logger')
      },
    }
    const error = new Error('P123456789')
    logOf(host)?.write('turn_failed', { err: error, channel: 'sre' })
    expect(seen).toEqual([
      ['error', { event: 'turn_failed', channel: 'sre', err: errorForLog(error) }, LOG_EVENTS.turn_failed.message],
    ])
    expect(JSON.stringify(seen)).not.toContain('P123456789')
  })

  it('describes a GatewayError by type, code and message, also in a pino logger of the host program', () => {
    const lines: string[] = []
    const stream = { write: (line: string) => void lines.push(line) }
    const cause = new Error('P123456789', { cause: new GatewayError('port_in_use') })
    const error = new GatewayError('internal', [], { cause })
    createLog('info', stream).write('turn_failed', { err: error, channel: 'sre' })
    logOf(pino({}, stream))?.write('turn_failed', { err: error, channel: 'sre' })
    const [own, host] = lines.map((line) => JSON.parse(line).err)
    expect(own).toEqual(errorForLog(error))
    expect(host).toMatchObject(errorForLog(error))
    expect(lines.join('')).not.toContain('P123456789')
  })

  it('compiles with no event and no field that is not in the table', () => {
    const log = createLog('silent')
    // @ts-expect-error: no such event
    expect(() => log.write('nothing_happened')).toThrow()
    // @ts-expect-error: no such field
    log.write('turn_lost', { channel: 'sre', url: 'https://example.sa' })
    const line = { channel: 'sre', url: 'https://example.sa' }
    // @ts-expect-error: nor in an object from elsewhere
    log.write('turn_lost', line)
    // @ts-expect-error: a field is missing
    log.write('turn_lost', {})
    // @ts-expect-error: an object, which could be an event's data
    log.write('turn_lost', { channel: { patient_id: 'P123456789' } })
  })
})
