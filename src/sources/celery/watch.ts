import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { pause } from '../../kernel/clock.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { readFindings } from '../findings.ts'
import { compareLook } from '../poll.ts'
import { type SourceContext, type SourceEvent, SourceProblem } from '../source.ts'
import { conditionsOf, moreOf, overOf } from './conditions.ts'
import type { CeleryConnections } from './connections.ts'
import type { ReadBody, TaskEvent } from './events.ts'
import type { Link } from './link.ts'
import { lostTasks } from './lost-tasks.ts'
import { missingEvents } from './missing-events.ts'
import { createQueues } from './queues.ts'
import { createReports } from './reports.ts'
import type { ResultRecord } from './results.ts'
import { createSight } from './sight.ts'
import { readStarted, saveStarted } from './started.ts'
import { createTaskMemory } from './task-memory.ts'
import { createWorkers } from './workers.ts'

/** Between two writes of what the broker sent. */
const TICK_MS = 1_000
/** A timer that comes so late says that this process was suspended or blocked: nobody listened meanwhile. */
const LATE_MS = 5_000

/** Listens to the broker, writes what tasks came to, and looks at workers and queues at each interval. */
export async function watch(
  context: SourceContext,
  definition: CeleryDefinition,
  connections: CeleryConnections,
): Promise<void> {
  const { clock, signal, metrics, checkpoint } = context
  const { name, kind, intervalMs } = definition
  const now = () => clock.now().getTime()
  const workers = createWorkers(definition.workerOfflineMs, checkpoint.workers, now())
  const tasks = createTaskMemory()
  for (const task of readStarted(checkpoint.started, now())) tasks.restore(task)
  const queues = createQueues(definition.queues)
  const reports = createReports({ definition, tasks, results: () => sight.results, clock })
  const sight = createSight(definition, connections, { onBody: take, onChordError: takeChordError, onLink: linkUp })
  /** How long a drop stays a finding: the time in which one opens, and a look more. */
  const droppedMs = definition.openAfterMs + 2 * intervalMs
  const heard = { linkUpAt: now(), eventAt: 0, taskEventAt: 0 }
  const dropped = { count: 0, at: 0 }
  let findings = readFindings(checkpoint.findings)
  let saved: JsonObject = checkpoint
  let tickedAt = now()

  function linkUp(): void {
    heard.linkUpAt = now()
    workers.linkUp(heard.linkUpAt)
  }

  /** Also where the clock was set: for the workers that time did not pass. */
  function tick(): void {
    const at = now()
    if (Math.abs(at - tickedAt) > LATE_MS) linkUp()
    tickedAt = at
  }

  function take({ events, unreadable }: ReadBody): void {
    const at = now()
    if (events.length > 0) heard.eventAt = at
    for (const event of events)
      if (event.about === 'worker') workers.note(event, at)
      else noteTask(event, at)
    if (unreadable > 0) countLost('unreadable', unreadable)
  }

  function noteTask(event: TaskEvent, at: number): void {
    if (event.step !== 'sent') {
      heard.taskEventAt = at
      workers.heard(event.worker, at)
    } else if (event.queue !== undefined) queues.sent(event.queue, at)
    const end = tasks.note(event, at)
    if (end !== undefined) reports.add(end)
  }

  function takeChordError({ taskId, retries = 0, worker = '(result backend)', ...record }: ResultRecord): void {
    const task = { step: 'failed', ...record, ...tasks.find(taskId), taskId } as const
    reports.add({ kind: 'failed', task, attempt: retries, worker, exception: 'ChordError' })
  }

  function countLost(reason: 'unreadable' | 'dropped', count: number): void {
    metrics.count('teams_source_events_lost_total', { source: name, kind, reason }, count)
  }

  async function write(): Promise<void> {
    const count = await reports.write((events) => context.accept(events, { checkpoint: saved }), signal)
    if (count === 0) return
    const at = now()
    dropped.count = at - dropped.at > droppedMs ? count : dropped.count + count
    dropped.at = at
    countLost('dropped', count)
  }

  async function look(link: Link): Promise<void> {
    await link.listen(signal)
    const figures = await link.queues([...definition.queues, ...definition.deadLetterQueues], signal)
    const suspects = workers.suspects(now())
    const connected = suspects.length === 0 ? () => undefined : await link.connected(suspects, workers.online, signal)
    tick()
    const at = now()
    const seen = workers.look(at, connected)
    const lost: SourceEvent[] = []
    for (const end of await lostTasks(seen, tasks, sight.results, { linkUpAt: heard.linkUpAt, signal })) {
      const event = await reports.eventOf(end, signal)
      if (event !== undefined) lost.push(event)
    }
    const conditions = conditionsOf(
      {
        workers: seen,
        queues: queues.look(figures.slice(0, definition.queues.length), at),
        deadLetters: queues.look(figures.slice(definition.queues.length), at),
        missing: missingEvents({ ...heard, now: at, movedAt: queues.movedAt, figures }),
        dropped: at - dropped.at <= droppedMs ? dropped.count : 0,
      },
      definition,
    )
    const changes = compareLook(findings, { conditions }, clock.now(), { ...definition, over: overOf, more: moreOf })
    const next = {
      findings: changes.written,
      workers: workers.save(),
      started: saveStarted(tasks.startedBefore(at - intervalMs)),
    }
    if (lost.length > 0 || JSON.stringify(next) !== JSON.stringify(saved))
      await context.accept([...lost, ...changes.events], { checkpoint: next })
    saved = next
    findings = changes.findings
  }

  /** Looks where the broker is heard. Returns why the source does not see, if it does not. */
  async function lookOnce(): Promise<SourceProblem | undefined> {
    if (sight.link === undefined) return undefined
    try {
      await look(sight.link)
      return await sight.pingResults(signal)
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
      sight.closeLink()
      return error
    }
  }

  const ticking = setInterval(tick, TICK_MS)
  ticking.unref()
  try {
    let lookedAt: number | undefined
    while (!signal.aborted) {
      const noSight = await sight.connect(signal)
      await write()
      let problem = noSight
      if (lookedAt === undefined || Math.abs(now() - lookedAt) >= intervalMs) {
        lookedAt = now()
        // What the broker shows is reported also where the result backend is away.
        const looked = await lookOnce()
        problem = noSight ?? looked
        if (problem === undefined) await context.saw()
      }
      if (signal.aborted) return
      if (problem !== undefined) context.couldNotSee(problem.code)
      await pause(clock, problem === undefined ? TICK_MS : Math.min(intervalMs, LATE_MS), signal)
    }
  } finally {
    clearInterval(ticking)
    sight.close()
  }
}
