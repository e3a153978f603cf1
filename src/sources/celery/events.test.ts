import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SourceProblem } from '../source.ts'
import { readEnvelope, readEventBody, type TaskEvent } from './events.ts'
import { keywordArguments } from './keyword-arguments.ts'
import { createRespReader } from './resp.ts'
import { readRecord } from './results.ts'

/** Bodies of RabbitMQ and messages of Redis as Celery 5.2.6 sent them, with invented patients. */
const FIXTURES: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/celery-events.json', import.meta.url), 'utf8'),
)

const read = (name: string, harmless: readonly string[] = []) => {
  const bytes = Buffer.from(FIXTURES[name] ?? '')
  return name.startsWith('redis-') ? readEnvelope(bytes, harmless) : readEventBody(bytes, harmless)
}
const body = (value: unknown) => readEventBody(Buffer.from(JSON.stringify(value)), ['payer'])
const FAILED = { type: 'task-failed', hostname: 'celery@a', timestamp: 1_795_288_737.89, uuid: 'id-1' }

describe('bodies of Celery', () => {
  it.each(Object.keys(FIXTURES))('%s is read whole, and has no text of an argument, exception or traceback', (name) => {
    const { events, unreadable } = read(name)
    expect(unreadable).toBe(0)
    expect(events.length).toBeGreaterThan(0)
    expect(JSON.stringify(events)).not.toMatch(/P-\d{4}|C-1|NPHIES for|File|عيادة|TAWUNIYA/)
  })

  it.each(['amqp', 'redis'])('of %s say what became of a task', (broker) => {
    const of = (name: string, step: string) => read(`${broker}-${name}`).events.filter((event) => event.step === step)
    expect(of('task-failed', 'failed')).toMatchObject([{ exception: 'NphiesError' }])
    expect(of('task-sent', 'sent')).toMatchObject([{ queue: expect.stringContaining('nphies_'), retries: 0 }])
    expect(of('task-sent__retry', 'sent')).toMatchObject([{ retries: 1, name: 'tasks.nphies.submit_claim' }])
    expect(of('task-revoked__expired', 'revoked')).toMatchObject([{ expired: true }])
    expect(of('task-revoked__terminated', 'revoked')).toMatchObject([{ terminated: true }])
    expect(of('task-rejected__requeue', 'rejected')).toMatchObject([{ requeue: true }])
    expect(of('worker-heartbeat', 'heartbeat')).toMatchObject([{ intervalSeconds: 2, at: expect.any(Number) }])
    const pool = of('task-failed__hard_limit_or_worker_lost__TimeLimit', 'failed') as readonly TaskEvent[]
    expect(pool.map(({ exception }) => exception)).toContain('TimeLimitExceeded')
    expect(of('task-failed__not_registered', 'failed')).toMatchObject([{ exception: 'NotRegistered' }])
  })

  it('give the class of an exception and never a text that stands where a class should', () => {
    const exceptionOf = (exception: unknown, traceback?: unknown) =>
      (body({ ...FAILED, exception, traceback }).events[0] as TaskEvent).exception
    expect(exceptionOf("KeyError('patient Ahmed')")).toBe('KeyError')
    expect(exceptionOf('<Patient Ahmed>')).toBe('Exception')
    expect(exceptionOf('Ahmed Ali (P-1)')).toBe('Exception')
    expect(exceptionOf('ExceptionWithTraceback()', 'Traceback\nAhmed: P-1')).toBe('Exception')
    expect(exceptionOf('ExceptionWithTraceback()', 'x\nbilliard.exceptions.WorkerLostError: died\n')).toBe(
      'WorkerLostError',
    )
    expect(exceptionOf('reject requeue=False: P-1 has no policy')).toBe('Reject')
    expect(exceptionOf('ExceptionWithTraceback()', "x\ncelery.exceptions.Reject: ('P-1', False)\n")).toBe('Reject')
    expect(exceptionOf(7)).toBeUndefined()
  })

  it('keep the keyword arguments that are named as harmless, and no other', () => {
    const kept = (kwargs: unknown) =>
      (body({ ...FAILED, type: 'task-received', kwargs }).events[0] as TaskEvent).harmless
    expect(kept("{'patient': 'Ahmed', 'payer': 'TAWUNIYA', 'lines': [1, {'payer': 'no'}]}")).toEqual({
      payer: 'TAWUNIYA',
    })
    expect(kept("{'claim': {'payer': 'no'}, 'note': \"it's, 'payer': 'no'\", 'payer': 7}")).toEqual({ payer: 7 })
    expect(kept("{'payer': {'name': 'Ahmed'}}")).toBeUndefined()
    expect(kept("{'payer': 'TAWUN...")).toBeUndefined()
    expect(kept("{'payer': 'a\\'b'}")).toBeUndefined()
    expect(kept({ payer: 'x' })).toBeUndefined()
  })

  it('that nobody can read are counted', () => {
    expect(readEventBody(Buffer.from('{"type"'), [])).toEqual({ events: [], unreadable: 1 })
    expect(readEventBody(Buffer.alloc(5 * 2 ** 20, '['), [])).toEqual({ events: [], unreadable: 1 })
    expect(readEventBody(Buffer.alloc(2 ** 20, '['), [])).toEqual({ events: [], unreadable: 1 })
    expect(readEnvelope(Buffer.from('{"body":7}'), [])).toEqual({ events: [], unreadable: 1 })
    const poison = [
      null,
      7,
      'x',
      [],
      {},
      { ...FAILED, uuid: 'a\nb' },
      { ...FAILED, uuid: '' },
      { ...FAILED, hostname: {} },
    ]
    expect(
      body([
        ...poison,
        { ...FAILED, timestamp: '1' },
        { ...FAILED, timestamp: 1e308 },
        { ...FAILED, type: 'task-other' },
        FAILED,
      ]),
    ).toMatchObject({
      events: [{ taskId: 'id-1' }],
      unreadable: 11,
    })
    expect(body({ ...FAILED, hostname: 'a\u0000\u202eb', retries: -1, name: ['x'] }).events).toEqual([
      { about: 'task', step: 'failed', taskId: 'id-1', worker: 'ab', at: 1_795_288_737_890 },
    ])
  })

  it('never throw, whatever bytes they are', () => {
    const bodies = Object.values(FIXTURES).map((text) => Buffer.from(text))
    const mutated = fc
      .tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }))
      .map(([bytes, changes]) => {
        const copy = Buffer.from(bytes)
        for (const [at, value] of changes) copy[at % copy.length] = value
        return copy
      })
    const shaped = fc.jsonValue({ maxDepth: 4 }).map((value) => Buffer.from(JSON.stringify(value)))
    const bytes = fc.oneof(mutated, shaped, fc.uint8Array({ maxLength: 500 }).map(Buffer.from))
    fc.assert(
      fc.property(bytes, fc.string(), (body, kwargs) => {
        for (const { events } of [readEventBody(body, ['payer']), readEnvelope(body, ['payer'])])
          for (const event of events) expect(event.worker).toMatch(/^\P{C}+$/u)
        readRecord(body)
        try {
          createRespReader(1_000).add(body)
        } catch (error) {
          expect(error).toBeInstanceOf(SourceProblem)
        }
        keywordArguments(kwargs, [kwargs])
      }),
      { numRuns: 500 },
    )
  })

  it('do not take the interval of heartbeats from the answer to a control command', () => {
    const beat = { type: 'worker-heartbeat', hostname: 'celery@a', timestamp: 1, freq: 5 }
    expect(body(beat).events).toEqual([{ about: 'worker', step: 'heartbeat', worker: 'celery@a', at: 1_000 }])
  })
})
