import { describe, expect, it } from 'vitest'
import type { HeartbeatDefinition } from '../../catalogue/heartbeats.ts'
import type { Ping } from '../../contract/heartbeats.ts'
import { newHeartbeat } from '../../store/heartbeats.ts'
import { afterPing, afterRemoval, afterTime, isNoteDue, nextDeadline, UNWATCHED_MS } from './decide.ts'

const START = Date.parse('2026-11-30T10:00:00Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const hourly: HeartbeatDefinition = {
  name: 'import',
  title: 'Import',
  schedule: { everyMs: HOUR },
  graceMs: 5 * MINUTE,
  longestMs: 20 * MINUTE,
  eventType: undefined,
  endType: 'heartbeat.recovered',
  priority: undefined,
  stakeholders: undefined,
  runbookUrl: undefined,
  output: true,
  alertmanager: undefined,
}

/** A heartbeat in the life of a test; times are minutes since its begin. Replicas look at it all the time unless it is said otherwise. */
function heartbeat(definition = hourly) {
  let row = newHeartbeat(definition.name, new Date(START))
  const at = (minutes: number) => new Date(START + minutes * MINUTE)
  function take(change: ReturnType<typeof afterPing>) {
    row = change?.row ?? row
    return (change?.events ?? []).map(({ eventType }) => eventType)
  }
  return {
    row: () => row,
    ping: (minutes: number, ping: Ping) => take(afterPing(definition, row, ping, at(minutes))),
    event: (minutes: number, ping: Ping) => afterPing(definition, row, ping, at(minutes))?.events[0],
    /** One look, after a time in which replicas looked. */
    look(minutes: number) {
      row = { ...row, watched_at: at(minutes) }
      return take(afterTime(definition, row, at(minutes)))
    },
    /** The first look after a time in which none did. */
    lookAgain: (minutes: number) => take(afterTime(definition, row, at(minutes))),
    lateEvent: (minutes: number) => afterTime(definition, { ...row, watched_at: at(minutes) }, at(minutes))?.events[0],
    latest: () => (nextDeadline(definition, row).latest.getTime() - START) / MINUTE,
    remove: (minutes: number) => take(afterRemoval(row, at(minutes))),
  }
}

const SUCCESS = { signal: 'success' } as const
const FAILURE = { signal: 'failure', exitCode: 3 } as const
const START_OF = (runId?: string) => ({ signal: 'start', runId }) as const

describe('a heartbeat', () => {
  it('that succeeds in time makes no event', () => {
    const { ping, look } = heartbeat()
    expect([ping(10, SUCCESS), look(70), ping(74, SUCCESS), look(138)].flat()).toEqual([])
  })

  it('is missed once, after its grace, and resolved by the next success', () => {
    const { look, ping, row } = heartbeat()
    expect(look(64)).toEqual([])
    expect(look(65)).toEqual(['heartbeat.missed'])
    expect([look(66), look(500)].flat()).toEqual([])
    expect(row().open).toEqual(['missed'])
    expect(ping(501, SUCCESS)).toEqual(['heartbeat.recovered'])
    expect(row()).toMatchObject({ open: [], open_since: null, end_type: null })
    expect(ping(502, SUCCESS)).toEqual([])
    expect(look(567)).toEqual(['heartbeat.missed'])
  })

  it('that fails is an event at once, each time, and missed too if nothing comes after it', () => {
    const { look, ping, row } = heartbeat()
    expect(ping(10, FAILURE)).toEqual(['heartbeat.failed'])
    expect(ping(20, FAILURE)).toEqual(['heartbeat.failed'])
    expect(look(84)).toEqual([])
    expect(look(85)).toEqual(['heartbeat.missed'])
    expect(row()).toMatchObject({ open: ['missed', 'failed'], exit_code: 3 })
    expect(ping(90, SUCCESS)).toEqual(['heartbeat.recovered'])
  })

  it('that started and does not end within its longest time is an event once; the start alone is no success', () => {
    const { look, ping, row } = heartbeat()
    ping(62, START_OF())
    expect([look(66), look(81)].flat()).toEqual([])
    expect(look(82)).toEqual(['heartbeat.missed'])
    expect(row().open).toEqual(['overdue'])
    expect(look(200)).toEqual([])
    expect(ping(201, SUCCESS)).toEqual(['heartbeat.recovered'])
    expect(row()).toMatchObject({ duration_ms: 139 * MINUTE, started_at: null, unfinished_since: null })
  })

  it('that starts again and again without an end is an event all the same', () => {
    const { look, ping } = heartbeat()
    for (const minutes of [1, 8, 15]) ping(minutes, START_OF())
    expect(look(20)).toEqual([])
    expect(look(21)).toEqual(['heartbeat.missed'])
  })

  it('without a longest time needs its success by the grace, also while it runs', () => {
    const { look, ping } = heartbeat({ ...hourly, longestMs: undefined })
    ping(62, START_OF())
    expect(look(65)).toEqual(['heartbeat.missed'])
  })

  it('knows the start and the end of a run by their name, whatever comes twice or late', () => {
    const { ping, row } = heartbeat()
    ping(1, START_OF('a'))
    ping(2, START_OF('b'))
    ping(3, { ...SUCCESS, runId: 'a' })
    expect(row()).toMatchObject({ run_id: 'b', duration_ms: null, unfinished_since: row().started_at })
    expect(ping(5, { ...FAILURE, runId: 'b' })).toEqual(['heartbeat.failed'])
    expect(row()).toMatchObject({ run_id: null, duration_ms: 3 * MINUTE })
    expect(ping(6, { ...FAILURE, runId: 'b' })).toEqual([])
    ping(7, START_OF('b'))
    expect(row().started_at).toBeNull()
    expect(ping(8, { ...SUCCESS, runId: 'b' })).toEqual(['heartbeat.recovered'])
  })

  it('is not missed when replicas run again, before it had a chance', () => {
    const { lookAgain, look, ping, latest } = heartbeat()
    ping(10, SUCCESS)
    expect(lookAgain(500)).toEqual([])
    expect(latest()).toBe(565)
    expect(look(564)).toEqual([])
    expect(look(565)).toEqual(['heartbeat.missed'])
  })

  it('of cron whose time came while no replica ran is missed after its grace, and its event says so', () => {
    const daily = heartbeat({ ...hourly, schedule: { cron: '0 12 * * *', timeZone: 'UTC' }, longestMs: undefined })
    expect(daily.look(60)).toEqual([])
    expect(daily.lookAgain(150)).toEqual([])
    expect(daily.look(154)).toEqual([])
    expect(daily.lateEvent(155)?.data.summary).toMatch(
      'The gateway itself did not run from 2026-11-30T11:00:00.000Z to 2026-11-30T12:30:00.000Z',
    )
    expect(daily.look(155)).toEqual(['heartbeat.missed'])
  })

  it('is not taken for unwatched by a look that is a little late', () => {
    const { lookAgain, row } = heartbeat()
    lookAgain(UNWATCHED_MS / MINUTE)
    expect(row().resumed_at).toBeNull()
  })

  it('does not wait for a time of a clock that was set back', () => {
    const { ping, look, latest } = heartbeat()
    ping(600, SUCCESS)
    look(0)
    expect(latest()).toBe(65)
  })

  it('names itself, its exit code and its output in its events', () => {
    const { event, row } = heartbeat({ ...hourly, priority: 'CRITICAL', stakeholders: ['sre'] })
    expect(event(1, { ...FAILURE, runId: 'r1', output: Buffer.from('no space left') })).toMatchObject({
      eventType: 'heartbeat.failed',
      correlationId: 'heartbeat.import',
      priority: 'CRITICAL',
      stakeholders: ['sre'],
      data: {
        component: 'Import',
        summary: 'Failed with exit code 3. No success is known.',
        message: 'no space left',
        labels: { heartbeat: 'import', schedule: 'every 1h', exit_code: 3, run_id: 'r1' },
      },
    })
    expect(row().version).toBe(0)
  })

  it('keeps no output where the configuration says so', () => {
    const { event } = heartbeat({ ...hourly, output: false })
    expect(event(1, { ...FAILURE, output: Buffer.from('text') })?.data).not.toHaveProperty('message')
  })

  it('has events of its own type, which the type that resolves it ends, also after the configuration lost it', () => {
    const backup = { ...hourly, eventType: 'backup.failed', endType: 'backup.recovered' }
    const { look, ping, remove } = heartbeat(backup)
    expect(look(65)).toEqual(['backup.failed'])
    expect(ping(66, FAILURE)).toEqual(['backup.failed'])
    expect(remove(70)).toEqual(['backup.recovered'])
    expect(remove(71)).toEqual([])
  })
})

describe('the note that heartbeats are watched', () => {
  it('is due after its time, or for a time to come, and only for heartbeats of the configuration', () => {
    const row = newHeartbeat('import', new Date(START))
    const due = (seconds: number, name = 'import') =>
      isNoteDue([row], new Set([name]), new Date(START + seconds * 1_000), 15_000)
    expect([due(0), due(14), due(15), due(60), due(-1)]).toEqual([false, false, true, true, true])
    expect([due(60, 'another'), isNoteDue([], new Set(['import']), new Date(START), 15_000)]).toEqual([false, false])
  })
})
