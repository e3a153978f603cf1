import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { WorkerEvent } from './events.ts'

/** Heartbeats that have to be missed, and the shortest time, until a worker is looked for at the broker. */
const MISSED = 3
const SUSPECT_MS = 10_000
/** A worker that is silent and still connected counts as offline after so many times the limit. */
const CONNECTED_FACTOR = 3
/** A worker that stopped in order is forgotten after this time. */
const FORGET_STOPPED_MS = 600_000
/** An offline worker that nobody replaced is forgotten after this time. */
const FORGET_OFFLINE_MS = 86_400_000
/** Workers that are remembered; Celery itself remembers 5,000. */
const MOST_WORKERS = 500
/** As Celery's own warning. */
export const MOST_DRIFT_MS = 16_000

/** Whether the broker has a worker's connection; undefined where nobody knows. */
export type Connected = (worker: string) => boolean | undefined

interface Worker {
  /** When it was heard of last, by our clock. */
  seenAt: number
  intervalMs: number
  state: 'online' | 'stopped' | 'offline'
  /** Since when it has this state. */
  since: number
  /** Smallest difference between our clock and its own since the last look, in milliseconds. */
  driftMs: number | undefined
}

/** What is known of the workers now. */
export interface WorkersView {
  readonly online: readonly string[]
  readonly offline: readonly string[]
  /** Those that ended in this look: tasks that were started on them are lost. `heard` where one was heard since the link is up. */
  readonly gone: readonly { readonly worker: string; readonly heard: boolean }[]
  readonly drifting: readonly { readonly worker: string; readonly seconds: number }[]
}

/** Decides which workers are online, on our own clock. */
export interface Workers {
  note(event: WorkerEvent, now: number): void
  /** Notes an event of a task: a worker that sends one is there. */
  heard(worker: string, now: number): void
  /** Workers that count as online, the silent ones among them. */
  readonly online: number
  /** Workers that are silent for so long that the broker should be asked. */
  suspects(now: number): readonly string[]
  look(now: number, connected: Connected): WorkersView
  /** Begins the time of silence anew for all: while our own link was down, nobody was heard. */
  linkUp(now: number): void
  save(): JsonObject
}

/** Makes the record of the workers, from that of a checkpoint. */
export function createWorkers(offlineMs: number, saved: Json | undefined, now: number): Workers {
  const workers = restored(saved, now)
  let linkUpAt = now

  const silence = (worker: Worker, at: number) => at - Math.max(worker.seenAt, linkUpAt)
  const limitOf = ({ intervalMs }: Worker) => Math.max(offlineMs, MISSED * intervalMs)
  const isSuspect = (worker: Worker, at: number) =>
    worker.state === 'online' && silence(worker, at) >= Math.max(SUSPECT_MS, MISSED * worker.intervalMs)

  function of(name: string, at: number): Worker | undefined {
    const known = workers.get(name)
    if (known !== undefined || workers.size >= MOST_WORKERS) return known
    const made: Worker = { seenAt: at, intervalMs: 2_000, state: 'online', since: at, driftMs: undefined }
    workers.set(name, made)
    return made
  }

  function change(worker: Worker, state: Worker['state'], at: number): void {
    if (worker.state !== state) worker.since = at
    worker.state = state
  }

  return {
    note({ worker: name, step, at, intervalSeconds }, current) {
      const worker = of(name, current)
      if (worker === undefined) return
      worker.seenAt = current
      if (intervalSeconds !== undefined) worker.intervalMs = intervalSeconds * 1000
      // Said at the start of an orderly stop; a heartbeat may still come after it, and does not take it back.
      if (step === 'offline') change(worker, 'stopped', current)
      else if (step === 'online' || worker.state === 'offline') change(worker, 'online', current)
      const drift = current - at
      if (worker.driftMs === undefined || Math.abs(drift) < Math.abs(worker.driftMs)) worker.driftMs = drift
    },
    heard(name, current) {
      const worker = workers.get(name)
      if (worker !== undefined && worker.state !== 'offline') worker.seenAt = current
    },
    get online() {
      return [...workers.values()].filter(({ state }) => state === 'online').length
    },
    suspects: (current) => [...workers].flatMap(([name, worker]) => (isSuspect(worker, current) ? [name] : [])),
    linkUp(current) {
      linkUpAt = current
    },
    look(current, connected) {
      const gone: { worker: string; heard: boolean }[] = []
      const end = (name: string, { seenAt }: Worker) => gone.push({ worker: name, heard: seenAt > linkUpAt })
      for (const [name, worker] of workers) {
        // A clock that was set back: the time begins anew.
        if (worker.seenAt > current) worker.seenAt = current
        if (worker.since > current) worker.since = current
        if (
          worker.state === 'online' &&
          isOffline(worker, silence(worker, current), limitOf(worker), connected(name))
        ) {
          change(worker, 'offline', current)
          end(name, worker)
        }
        if (worker.state === 'stopped' && current - Math.max(worker.since, worker.seenAt) >= FORGET_STOPPED_MS) {
          workers.delete(name)
          end(name, worker)
        }
        if (worker.state === 'offline' && current - worker.since >= FORGET_OFFLINE_MS) workers.delete(name)
      }
      if (linkUpAt > current) linkUpAt = current
      forgetReplaced(workers)
      const named = (state: Worker['state']) => [...workers].flatMap(([name, w]) => (w.state === state ? [name] : []))
      const drifting = [...workers].flatMap(([worker, { state, driftMs = 0 }]) =>
        state === 'online' && Math.abs(driftMs) > MOST_DRIFT_MS
          ? [{ worker, seconds: Math.round(driftMs / 1000) }]
          : [],
      )
      for (const worker of workers.values()) worker.driftMs = undefined
      return { online: named('online'), offline: named('offline'), gone, drifting }
    },
    save: () =>
      Object.fromEntries(
        [...workers].map(([name, { state, since, intervalMs }]) => [
          name,
          { state, since: new Date(since).toISOString(), interval_ms: intervalMs },
        ]),
      ),
  }
}

/** Two signs, or one for three times as long: a worker whose heartbeats stop may be busy, and one whose connection broke may be back. */
function isOffline(worker: Worker, silentMs: number, limitMs: number, connected: boolean | undefined): boolean {
  return worker.state === 'online' && silentMs >= (connected === true ? CONNECTED_FACTOR * limitMs : limitMs)
}

/** A worker that came after another was lost has replaced it: names of pods change. */
function forgetReplaced(workers: Map<string, Worker>): void {
  const offline = [...workers].filter(([, { state }]) => state === 'offline').sort(([, a], [, b]) => a.since - b.since)
  const used = new Set<string>()
  for (const [name, { since }] of offline) {
    const successor = [...workers].find(
      ([other, worker]) => worker.state === 'online' && worker.since > since && !used.has(other),
    )
    if (successor === undefined) continue
    used.add(successor[0])
    workers.delete(name)
    // Counts for one worker only, also in looks to come.
    successor[1].since = Math.min(successor[1].since, since)
  }
}

function restored(saved: Json | undefined, now: number): Map<string, Worker> {
  const workers = new Map<string, Worker>()
  if (!isObject(saved)) return workers
  for (const [name, entry] of Object.entries(saved).slice(0, MOST_WORKERS)) {
    if (!isObject(entry)) continue
    const { state, since, interval_ms: intervalMs } = entry
    const time = typeof since === 'string' ? Date.parse(since) : Number.NaN
    if (Number.isNaN(time) || (state !== 'online' && state !== 'stopped' && state !== 'offline')) continue
    workers.set(name, {
      seenAt: now,
      intervalMs: typeof intervalMs === 'number' && intervalMs > 0 ? intervalMs : 2_000,
      state,
      since: Math.min(time, now),
      driftMs: undefined,
    })
  }
  return workers
}
