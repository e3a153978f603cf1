import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { pause } from '../../kernel/clock.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { readFindings } from '../findings.ts'
import { compareLook } from '../poll.ts'
import { type SourceContext, SourceProblem } from '../source.ts'
import { conditionsOf, moreOf, overOf } from './conditions.ts'
import type { CeleryConnections } from './connections.ts'
import type { CeleryEvent, ReadBody, TaskEvent } from './events.ts'
import type { Link } from './link.ts'
import { missingEvents } from './missing-events.ts'
import { openLink } from './open-link.ts'
import { createPending } from './pending.ts'
import { createQueues } from './queues.ts'
import { openResults, type ResultRecord, type Results } from './results.ts'
import { readStarted, saveStarted } from './started.ts'
import { createStormLimit } from './storm.ts'
import { taskEvent } from './task-events.ts'
import { createTaskMemory, type TaskEnd } from './task-memory.ts'
import { createWorkers } from './workers.ts'

/** Between two writes of what the broker sent. */
const TICK_MS = 1_000
/** Longest time that writing takes before the next look. */
const WRITING_MS = 3_000
/** A tick that comes so late says that this process was suspended or blocked: nobody listened meanwhile. */
const LATE_MS = 5_000
/** Records of tasks without a name that are asked for in one batch. */
const MOST_RECORDS = 50

interface Ended {
  readonly end: TaskEnd
  readonly seenAt: Date
}

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
  const pending = createPending<Ended>()
  const priorityOf = createStormLimit()
  let findings = readFindings(checkpoint.findings)
  let saved: JsonObject = checkpoint
  let link: Link | undefined
  let results: Results | undefined
  const heard = { linkUpAt: now(), eventAt: 0, taskEventAt: 0 }
  const dropped = { count: 0, at: 0 }

  function take({ events, unreadable }: ReadBody): void {
    const at = now()
    for (const event of events) note(event, at)
    if (unreadable > 0)
      metrics.count('teams_source_events_lost_total', { source: name, kind, reason: 'unreadable' }, unreadable)
  }

  function note(event: CeleryEvent, at: number): void {
    heard.eventAt = at
    if (event.about === 'worker') workers.note(event, at)
    else noteTask(event, at)
  }

  function noteTask(event: TaskEvent, at: number): void {
    if (event.step !== 'sent') {
      heard.taskEventAt = at
      workers.heard(event.worker, at)
    } else if (event.queue !== undefined) queues.sent(event.queue, at)
    const end = tasks.note(event, at)
    if (end !== undefined) pending.add({ end, seenAt: clock.now() })
  }

  function takeChordError({ taskId, retries = 0, worker = '(result backend)', ...record }: ResultRecord): void {
    const known = tasks.find(taskId)
    const task = { step: 'failed', ...record, ...known, taskId } as const
    pending.add({
      end: { kind: 'failed', task, attempt: retries, worker, exception: 'ChordError' },
      seenAt: clock.now(),
    })
  }

  /** Connects where there is no connection. Returns why the source does not see, if it does not. */
  async function connect(): Promise<SourceProblem | undefined> {
    const lost = link?.problem
    if (lost !== undefined) close()
    try {
      if (link === undefined) {
        link = await openLink(definition, connections, take, signal)
        heard.linkUpAt = now()
        workers.linkUp(heard.linkUpAt)
      }
      if (results?.problem !== undefined) {
        results.close()
        results = undefined
      }
      if (definition.results !== undefined)
        results ??= await openResults(connections, definition.results.keyPrefix, takeChordError, signal)
      return undefined
    } catch (error) {
      if (error instanceof SourceProblem) return error
      throw error
    }
  }

  function close(): void {
    link?.close()
    link = undefined
  }

  /** Completes a task whose first events nobody saw, from its result record. */
  async function completed(end: TaskEnd, mayAsk: boolean): Promise<TaskEnd> {
    const task = { ...end.task, ...tasks.find(end.task.taskId) }
    if (task.name !== undefined || !mayAsk || results === undefined) return { ...end, task }
    const record = await results.read(task.taskId, signal).catch(() => undefined)
    if (record === undefined) return { ...end, task }
    const { name: named, queue, retries } = record
    return {
      ...end,
      attempt: end.attempt ?? retries,
      task: { ...task, ...(named === undefined ? {} : { name: named }), ...(queue === undefined ? {} : { queue }) },
    }
  }

  /** Writes what tasks came to, in batches, until nothing waits or {@link WRITING_MS} are over. */
  async function write(): Promise<void> {
    const from = performance.now()
    while (pending.size > 0 && !signal.aborted && performance.now() - from < WRITING_MS) {
      const batch = pending.batch()
      const events = []
      let asked = 0
      for (const { end: given, seenAt } of batch) {
        if (given.task.name === undefined) asked += 1
        const end = await completed(given, asked <= MOST_RECORDS)
        const event = taskEvent(end, definition, seenAt, priorityOf(end, now()))
        if (event !== undefined) events.push(event)
      }
      if (events.length > 0) await context.accept(events, { checkpoint: saved })
      pending.written(batch.length)
    }
    const lost = pending.takeDropped()
    if (lost === 0) return
    dropped.count = now() - dropped.at > holdMs ? lost : dropped.count + lost
    dropped.at = now()
    metrics.count('teams_source_events_lost_total', { source: name, kind, reason: 'dropped' }, lost)
  }
  const holdMs = definition.openAfterMs + 2 * intervalMs

  async function look(current: Link): Promise<void> {
    await current.listen(signal)
    await results?.ping(signal)
    const names = [...definition.queues, ...definition.deadLetterQueues]
    const figures = await current.queues(names, signal)
    const suspects = workers.suspects(now())
    const connected =
      suspects.length === 0 ? () => undefined : await current.connected(suspects, workers.online, signal)
    const at = now()
    const seen = workers.look(at, connected)
    for (const worker of seen.gone)
      for (const task of tasks.startedOn(worker)) {
        pending.add({ end: { kind: 'lost', task, attempt: task.retries, worker }, seenAt: clock.now() })
        tasks.forget(task.taskId)
      }
    const conditions = conditionsOf(
      {
        workers: seen,
        queues: queues.look(figures.slice(0, definition.queues.length), at),
        deadLetters: queues.look(figures.slice(definition.queues.length), at),
        missing: missingEvents({ ...heard, now: at, movedAt: queues.movedAt, figures }),
        dropped: at - dropped.at <= holdMs ? dropped.count : 0,
      },
      definition,
    )
    const changes = compareLook(findings, { conditions }, clock.now(), { ...definition, over: overOf, more: moreOf })
    const next = {
      findings: changes.written,
      workers: workers.save(),
      started: saveStarted(tasks.startedBefore(at - intervalMs)),
    }
    if (JSON.stringify(next) !== JSON.stringify(saved)) await context.accept(changes.events, { checkpoint: next })
    saved = next
    findings = changes.findings
    await context.saw()
  }

  try {
    let lookedAt: number | undefined
    let tickedAt = now()
    while (!signal.aborted) {
      const at = now()
      if (Math.abs(at - tickedAt) > TICK_MS + WRITING_MS + LATE_MS) workers.linkUp(at)
      tickedAt = at
      const problem = await connect()
      if (signal.aborted) return
      if (problem !== undefined) context.couldNotSee(problem.code)
      await write()
      if (lookedAt === undefined || Math.abs(now() - lookedAt) >= intervalMs) {
        lookedAt = now()
        await lookOnce(problem)
      }
      await pause(clock, problem === undefined ? TICK_MS : Math.min(intervalMs, 5_000), signal)
      tickedAt = problem === undefined ? tickedAt : now() - TICK_MS
    }
  } finally {
    close()
    results?.close()
  }

  /** Looks, unless the source does not see. What the broker alone shows is reported also where the result backend is away. */
  async function lookOnce(problem: SourceProblem | undefined): Promise<void> {
    if (link === undefined || problem !== undefined) return
    try {
      await look(link)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof SourceProblem)) throw error
      context.couldNotSee(error.code)
      close()
    }
  }
}
