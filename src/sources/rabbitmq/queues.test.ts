import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import { SourceProblem } from '../source.ts'
import type { ManagementApi } from './api.ts'
import { readCluster } from './cluster.ts'
import { hiddenVhosts, MOST_QUEUES, matchesAny, readQueues } from './queues.ts'

/** An API that answers these bodies, one for each request; the last for all that follow. */
function apiOf(...bodies: readonly unknown[]) {
  const asked: string[] = []
  const api: ManagementApi = {
    host: 'rabbit-1',
    async get(path) {
      asked.push(path)
      return { status: 200, body: bodies[Math.min(asked.length, bodies.length) - 1] }
    },
    close() {},
  }
  return { api, asked }
}

const page = (items: readonly object[], count = items.length, pages = 1) => ({
  items,
  total_count: count,
  filtered_count: count,
  page_count: pages,
})
const read = (api: ManagementApi, given: Partial<RabbitmqDefinition> = {}) =>
  readQueues(api, { vhosts: undefined, queues: undefined, ...given } as RabbitmqDefinition)

describe('queues of the management API', () => {
  it('are looked for in a virtual host of any name', async () => {
    const { api, asked } = apiOf([{ name: 'a\ud800' }], page([]))
    expect(await hiddenVhosts(api)).toEqual([])
    expect(asked[1]).toContain('queues/a%EF%BF%BD?')
  })

  it('are too many where a page has more than it was asked for', async () => {
    const items = Array.from({ length: 501 }, (_, index) => ({ name: `q${index}`, vhost: '/' }))
    await expect(read(apiOf({ ...page(items), filtered_count: 0 }).api)).rejects.toThrow('answer_too_large')
  })

  it('have their figures, and none where there are no statistics', async () => {
    const { api } = apiOf(
      page([
        {
          name: 'nphies_claims',
          vhost: '/',
          type: 'quorum',
          durable: true,
          auto_delete: false,
          exclusive: false,
          messages: 4,
          messages_ready: 3,
          consumers: 1,
          head_message_timestamp: 1_796_000_000,
          message_stats: { deliver_get: 28 },
          members: ['rabbit@a', 'rabbit@b'],
          online: ['rabbit@a'],
        },
        { name: 'new', vhost: 'claims', durable: true, messages_ready: null, consumers: 'none' },
      ]),
    )
    expect((await read(api)).queues).toMatchObject([
      {
        subject: '%2F/nphies_claims',
        ready: 3,
        messages: 4,
        consumers: 1,
        delivered: 28,
        headTimeMs: 1_796_000_000_000,
        replicas: { members: 2, online: 1 },
      },
      { subject: 'claims/new', ready: undefined, messages: undefined, consumers: undefined, replicas: undefined },
    ])
  })

  it('have subjects of one line, with one slash between virtual host and queue', async () => {
    const items = [
      { name: 'b/c', vhost: 'a' },
      { name: 'c', vhost: 'a/b' },
      { name: 'x\ny%z', vhost: 'ü' },
      { name: '\ud800', vhost: '/' },
    ]
    const { queues } = await read(apiOf(page(items)).api)
    expect(queues.map(({ subject }) => subject)).toEqual(['a/b/c', 'a%2Fb/c', '%C3%BC/x%0Ay%25z', '%2F/\ufffd'])
  })

  it('are read in pages, of one virtual host or of all, and by RabbitMQ only those of the patterns', async () => {
    const two = apiOf(page([{ name: 'a', vhost: '/' }], 600, 2), page([{ name: 'b', vhost: '/' }], 600, 2))
    expect((await read(two.api)).queues).toHaveLength(2)
    expect(two.asked.map((path) => path.slice(0, 14))).toEqual(['queues?page=1&', 'queues?page=2&'])
    const some = apiOf(
      page([
        { name: 'nphies.claims', vhost: '/a' },
        { name: 'nphies_x', vhost: '/a' },
      ]),
    )
    const { queues } = await read(some.api, { vhosts: ['/a'], queues: ['NPHIES.*'] })
    expect(queues.map(({ name }) => name)).toEqual(['nphies.claims'])
    expect(decodeURIComponent(some.asked[0] ?? '')).toContain(
      String.raw`queues//a?page=1&page_size=500&use_regex=true&name=^(?:NPHIES\..*)$&columns=`,
    )
  })

  it('are too many by what the first page says, of a million', async () => {
    const { api, asked } = apiOf(page([{ name: 'a', vhost: '/' }], 1_000_000, 2_000))
    await expect(read(api)).rejects.toMatchObject({ code: 'too_many' })
    expect(asked).toHaveLength(1)
    // Also where the number of pages is another one.
    const odd = apiOf(page([{ name: 'a', vhost: '/' }], 1, 1_000_000))
    await read(odd.api)
    expect(odd.asked).toHaveLength(MOST_QUEUES / 500)
  })

  it.each([
    null,
    [],
    'text',
    { items: 'many' },
    { items: [], total_count: '1', filtered_count: 1, page_count: 1 },
    page([{ name: 7, vhost: '/' }]),
    page([[] as object]),
  ])('are answer_unreadable in %j', async (body) => {
    await expect(read(apiOf(body).api)).rejects.toMatchObject({ code: 'answer_unreadable' })
  })
})

it('any JSON is read, or is a problem of the source', async () => {
  const some = fc.option(fc.jsonValue(), { nil: undefined })
  const queue = fc.record({
    name: fc.oneof(fc.string({ unit: 'binary' }), some),
    vhost: fc.oneof(fc.string(), some),
    messages_ready: some,
    message_stats: some,
    members: some,
    online: some,
  })
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({ items: fc.array(queue), total_count: some, filtered_count: fc.nat(), page_count: fc.nat(3) }),
    fc.record({ items: fc.array(queue), total_count: fc.nat(), filtered_count: fc.nat(), page_count: fc.nat(3) }),
  )
  await fc.assert(
    fc.asyncProperty(body, async (given) => {
      const { api } = apiOf(given)
      for (const reading of [
        readQueues(api, { vhosts: undefined, queues: undefined } as RabbitmqDefinition),
        readCluster(api),
      ])
        await reading.catch((error: unknown) => expect(error).toBeInstanceOf(SourceProblem))
    }),
    { numRuns: 50 },
  )
})

it('patterns match in any letter case', () => {
  expect(matchesAny(['*dlq*', 'exact'], 'NPHIES.DLQ.2')).toBe(true)
  expect(matchesAny(['*dlq*', 'exact'], 'Exact')).toBe(true)
  expect(matchesAny(['*dlq*', 'exact'], 'exactly')).toBe(false)
})
