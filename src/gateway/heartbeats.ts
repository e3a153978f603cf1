import type { HeartbeatDefinition } from '../catalogue/heartbeats.ts'
import type { HeartbeatView, Ping, Trouble } from '../contract/heartbeats.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { afterPing, nextDeadline } from '../sources/heartbeats/decide.ts'
import { acceptChange } from '../sources/heartbeats/loop.ts'
import { writeSchedule } from '../sources/heartbeats/schedule.ts'
import type { Database } from '../store/database.ts'
import { addHeartbeats, type HeartbeatRow, newHeartbeat, readHeartbeat, readHeartbeats } from '../store/heartbeats.ts'
import type { AcceptsFromSources } from './accept-from-source.ts'
import type { UseCaseParts } from './calls.ts'

/** Tries to write a report while others of the same heartbeat are written. */
const MAX_TRIES = 20

/** Makes the use cases of heartbeats. */
export function createHeartbeats(
  parts: UseCaseParts,
  { acceptFromSource: accept }: AcceptsFromSources,
): Pick<GatewayService, 'reportHeartbeat' | 'listHeartbeats'> {
  const { catalogue, metrics, log } = parts
  const { kysely } = parts.database

  function definitionOf(name: string): HeartbeatDefinition {
    const definition = catalogue.heartbeats.get(name)
    if (definition !== undefined) return definition
    const known = [...catalogue.heartbeats.keys()]
    const near = nearestName(known, name)
    metrics.count('teams_heartbeat_signals_total', { heartbeat: 'unknown', signal: 'refused' })
    throw new GatewayError('not_found', [
      {
        at: 'name',
        found: 'a name that no heartbeat has',
        expected: near ? `perhaps ${near}` : 'an entry of the section "heartbeats" of the configuration file',
      },
    ])
  }

  /** Reads the heartbeat, and adds it where no replica has watched it yet. */
  async function read(name: string) {
    const found = await readHeartbeat(kysely, name)
    if (found !== undefined) return found
    await addHeartbeats(kysely, [name])
    const added = await readHeartbeat(kysely, name)
    if (added === undefined) throw new Error('a heartbeat was expected')
    return added
  }

  async function report(name: string, ping: Ping): Promise<HeartbeatView> {
    if (parts.stopping()) throw new GatewayError('gateway_stopped')
    const definition = definitionOf(name)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { row, now } = await read(name)
      const change = afterPing(definition, row, ping, now)
      if (change !== undefined && !(await acceptChange({ catalogue, accept }, change))) continue
      metrics.count('teams_heartbeat_signals_total', { heartbeat: name, signal: change ? ping.signal : 'repeat' })
      if (change?.events.length) {
        if (change.row.open.length > 0) log.write('heartbeat_failed', { heartbeat: name, open: change.row.open })
        else log.write('heartbeat_recovered', { heartbeat: name })
      }
      return viewOf(definition, change?.row ?? row, now)
    }
    throw new GatewayError('gateway_busy')
  }

  return { reportHeartbeat: report, listHeartbeats: () => viewHeartbeats(parts, kysely) }
}

/** Reads every heartbeat of the configuration, through the given connection; also one that no replica has watched yet. */
export async function viewHeartbeats(
  { catalogue }: Pick<UseCaseParts, 'catalogue'>,
  kysely: Database['kysely'],
): Promise<readonly HeartbeatView[]> {
  if (catalogue.heartbeats.size === 0) return []
  const { now, rows } = await readHeartbeats(kysely)
  return [...catalogue.heartbeats.values()].map((definition) =>
    viewOf(definition, rows.get(definition.name) ?? newHeartbeat(definition.name, now), now),
  )
}

function viewOf(definition: HeartbeatDefinition, row: HeartbeatRow, now: Date): HeartbeatView {
  const { due, latest } = nextDeadline(definition, row)
  return {
    name: definition.name,
    title: definition.title,
    status: statusOf(row, due, now),
    schedule: writeSchedule(definition.schedule),
    dueAt: due,
    latestAt: latest,
    seenAt: row.seen_at,
    succeededAt: row.succeeded_at,
    failedAt: row.failed_at,
    startedAt: row.started_at,
    durationSeconds: row.duration_ms === null ? null : row.duration_ms / 1_000,
    exitCode: row.exit_code,
    open: row.open as readonly Trouble[],
    openSince: row.open_since,
  }
}

function statusOf(row: HeartbeatRow, due: Date, now: Date): HeartbeatView['status'] {
  const [trouble] = row.open as readonly Trouble[]
  if (trouble !== undefined) return trouble
  if (row.started_at !== null) return 'running'
  if (due <= now) return 'late'
  return row.seen_at === null ? 'new' : 'ok'
}
