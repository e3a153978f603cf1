import { describe, expect, it } from 'vitest'
import { outcomeOf, planRetry } from './plan-retry.ts'
import { rawMembers } from './raw-json.ts'
import { readRecord } from './result-record.ts'
import { amqpProperties, redisEnvelope, taskMessage } from './task-message.ts'

const ID = '93fca798-c41e-46a6-b715-a4dac1dcb9a1'
const NEW_ID = '11111111-2222-4333-8444-555555555555'
const DONE_AT = '2026-11-21T19:18:40.901741'

/** A record as Celery 5.2 writes it, with arguments that `JSON.parse` would change. */
function recordText(more: Readonly<Record<string, unknown>> = {}): string {
  const { args = '[{"id": "C-1", "net": 100.0, "ref": 12345678901234567890, "name": "\\u0639\\u064a"}]', ...rest } =
    more
  const members: Record<string, unknown> = {
    status: 'FAILURE',
    result: { exc_type: 'NphiesError', exc_message: ['HTTP 502, "args": ["no"]'], exc_module: 'tasks' },
    traceback: 'Traceback {"kwargs": [',
    children: [],
    date_done: DONE_AT,
    name: 'tasks.nphies.submit_claim',
    kwargs: { payer: 'BUPA' },
    retries: 2,
    queue: 'nphies_claims',
    task_id: ID,
    ...rest,
  }
  const texts = Object.entries(members).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{${texts.join(', ')}, "args": ${args}}`
}

const planned = (text: string | undefined, retryTasks: readonly string[] = ['tasks.nphies.*']) =>
  planRetry(ID, text === undefined ? undefined : readRecord(text), { retryTasks, newId: NEW_ID })

describe('the raw members of a JSON object', () => {
  it.each([
    ['{"a":1.0,"b":"\\"}{","c":[{"a":2},"]"]}', { a: '1.0', b: '"\\"}{"', c: '[{"a":2},"]"]' }],
    ['\n{ "a" : 1e400 , "a" : -0 }', { a: '-0' }],
    ['{"\\u0061": null}', { a: 'null' }],
    ['{}', {}],
  ])('of %s are their texts', (text, expected) => {
    expect(Object.fromEntries(rawMembers(text) ?? [])).toEqual(expected)
  })

  it.each(['', '[]', 'null', '{"a":', '{"a":1}x', '"{}"'])('are none of %j', (text) => {
    expect(rawMembers(text)).toBeUndefined()
  })
})

describe('a task', () => {
  it('that failed is queued again under its id, with its arguments byte for byte', () => {
    const plan = planned(recordText())
    expect(plan).toEqual({
      task: {
        id: ID,
        rootId: ID,
        parentId: null,
        name: 'tasks.nphies.submit_claim',
        queue: 'nphies_claims',
        args: '[{"id": "C-1", "net": 100.0, "ref": 12345678901234567890, "name": "\\u0639\\u064a"}]',
        kwargs: '{"payer":"BUPA"}',
      },
      doneBefore: DONE_AT,
    })
  })

  it('that was revoked gets a new id, since workers discard the old one', () => {
    expect(planned(recordText({ status: 'REVOKED' }))).toMatchObject({
      task: { id: NEW_ID, rootId: ID, parentId: ID },
      doneBefore: null,
    })
  })

  it.each([
    ['without a record', undefined, 'task_record_missing'],
    ['with a record that is no JSON', 'x', 'task_record_missing'],
    ['that succeeded', recordText({ status: 'SUCCESS' }), 'task_succeeded'],
    ...['STARTED', 'RETRY', 'PENDING', 'RECEIVED', 'OTHER'].map((status): [string, string, string] => [
      `in state ${status}`,
      recordText({ status }),
      'task_not_ended',
    ]),
    ['of a group', recordText({ group_id: 'g-1' }), 'task_in_group'],
    ['that is the body of a chord', recordText({ result: { exc_type: 'ChordError' } }), 'task_in_group'],
    ['without arguments in its record', recordText({ args: 'null' }), 'task_arguments_missing'],
    ['without a name in its record', recordText({ name: null }), 'task_arguments_missing'],
    ['whose arguments are a repr', recordText({ args: '"(1,)"' }), 'task_arguments_missing'],
    [
      'that no worker knows',
      recordText({ name: null, args: 'null', kwargs: null, queue: null, result: { exc_type: 'NotRegistered' } }),
      'task_not_registered',
    ],
    ['that is not on the list', recordText({ name: 'tasks.other' }), 'task_not_listed'],
  ])('%s is not', (_, text, code) => {
    expect(planned(text)).toEqual({ refused: code })
  })

  it.each([[[]], [['tasks.nphies.submit_clai']], [['submit_claim']], [['tasks.nphies.submit_claim.*']]])(
    'is not where the list is %j',
    (retryTasks) => {
      expect(planned(recordText(), retryTasks)).toEqual({ refused: 'task_not_listed' })
    },
  )
})

describe('the message of a task', () => {
  const plan = planned(recordText())
  const task = 'task' in plan ? plan.task : expect.fail('no task')
  const message = taskMessage(task, 'a-1')

  it('has every header without which a worker deletes it or ends', () => {
    expect(message.headers).toMatchObject({
      task: task.name,
      id: ID,
      retries: 0,
      eta: null,
      expires: null,
      group: null,
    })
    expect(message.body.toString()).toBe(
      `[${task.args}, {"payer":"BUPA"}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`,
    )
    expect(amqpProperties(message)).toMatchObject({
      contentType: 'application/json',
      deliveryMode: 2,
      correlationId: ID,
    })
  })

  it('is an envelope at Redis with a delivery tag of its own', () => {
    const envelope = JSON.parse(redisEnvelope(message, 'nphies_claims', 'tag-1'))
    expect(Buffer.from(envelope.body, 'base64')).toEqual(message.body)
    expect(envelope).toMatchObject({
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
      headers: message.headers,
      properties: {
        body_encoding: 'base64',
        delivery_tag: 'tag-1',
        delivery_info: { exchange: '', routing_key: 'nphies_claims' },
      },
    })
  })
})

describe('the end of a task that was queued again', () => {
  it.each([
    ['no record', undefined, undefined],
    ['the record of before', recordText(), undefined],
    ['one that runs', recordText({ status: 'STARTED', date_done: null }), undefined],
    ['one that is tried again', recordText({ status: 'RETRY', date_done: null }), undefined],
    ['one that succeeded', recordText({ status: 'SUCCESS', date_done: '2026-11-21T20:00:00' }), 'succeeded'],
    ['one that failed again', recordText({ date_done: '2026-11-21T20:00:00' }), 'failed'],
    ['one that was revoked', recordText({ status: 'REVOKED', date_done: '2026-11-21T20:00:00' }), 'revoked'],
  ])('with %s is %s', (_, text, outcome) => {
    expect(outcomeOf(text === undefined ? undefined : readRecord(text), DONE_AT)).toBe(outcome)
  })
})
