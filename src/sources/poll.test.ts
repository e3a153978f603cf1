import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../kernel/json.ts'
import { createLog } from '../kernel/log.ts'
import { createMetrics } from '../metrics/metrics.ts'
import type { FindingEvent } from './finding-events.ts'
import type { Condition } from './findings.ts'
import { poll } from './poll.ts'
import type { SourceEvent } from './source.ts'

const START = Date.parse('2026-11-30T10:00:00Z')

function full(subject: string, finding = 'connections'): Condition<FindingEvent> {
  return {
    finding,
    subject,
    says: { eventType: 'postgres.connection.exhausted', data: { summary: `${subject} full` } },
  }
}

/** Looks each second, at what holds then; each look is that of a process that was started again. Returns the events, by second. */
async function looks(...each: readonly (readonly Condition<FindingEvent>[])[]) {
  const events: (readonly SourceEvent[])[] = []
  let checkpoint: JsonObject = {}
  for (const [second, conditions] of each.entries()) {
    const ended = new AbortController()
    const made: SourceEvent[] = []
    await poll(
      {
        checkpoint,
        signal: ended.signal,
        clock: {
          now: () => new Date(START + second * 1_000),
          after() {
            queueMicrotask(() => ended.abort())
            return () => {}
          },
        },
        log: createLog('silent'),
        metrics: createMetrics(),
        async accept(accepted, next) {
          made.push(...accepted)
          checkpoint = JSON.parse(JSON.stringify(next.checkpoint))
        },
        async saw() {},
        couldNotSee() {},
      },
      {
        name: 'db',
        intervalMs: 1_000,
        openAfterMs: 0,
        closeAfterMs: 0,
        look: async () => ({ conditions }),
        over: ({ subject }) => ({ eventType: 'postgres.connection.recovered', data: { summary: `${subject} over` } }),
        more: (finding, count) => ({
          eventType: 'postgres.connection.exhausted',
          data: { summary: `${finding}: ${count} more`, value: count },
        }),
        mostOfAKind: 3,
        grouping: {
          from: 2,
          says: (_, members) => ({
            eventType: 'postgres.connection.exhausted',
            data: { summary: members.map(({ says }) => says.data.summary).join(', ') },
          }),
        },
      },
    )
    events.push(made)
  }
  return events.map((made) => made.map(({ correlationId, data }) => `${correlationId}: ${data.summary}`))
}

describe('findings of a kind that open at the same look', () => {
  it('have an event each while they are few', async () => {
    expect(await looks([full('a'), full('b')], [full('b')], [])).toEqual([
      ['db.connections.a: a full', 'db.connections.b: b full'],
      ['db.connections.a: a over'],
      ['db.connections.b: b over'],
    ])
  })

  it('are one event where they are more, which ends with the last of them', async () => {
    const group = 'db.connections.2026-11-30T10:00:00.000Z'
    const [a, b, c] = [full('a'), full('b'), full('c')]
    expect(await looks([a, b, c], [a, c], [c, full('d')], [full('d')], [])).toEqual([
      [`${group}: a full, b full, c full`],
      [],
      ['db.connections.d: d full'],
      [`${group}: 2026-11-30T10:00:00.000Z over`],
      ['db.connections.d: d over'],
    ])
  })

  it('of several kinds are an event for each kind', async () => {
    const kinds = ['connections', 'slots'].flatMap((kind) => ['a', 'b', 'c'].map((subject) => full(subject, kind)))
    expect((await looks(kinds))[0]?.map((event) => event.split('.')[1])).toEqual(['connections', 'slots'])
  })

  it('beyond the places of their kind count in the event, and take no place that becomes free', async () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((subject) => full(subject))
    const group = 'db.connections.2026-11-30T10:00:00.000Z'
    expect(await looks(many, many.slice(1), many.slice(3), [])).toEqual([
      [`${group}: a full, b full, c full, connections: 2 more`],
      [],
      [],
      [`${group}: 2026-11-30T10:00:00.000Z over`],
    ])
  })
})
