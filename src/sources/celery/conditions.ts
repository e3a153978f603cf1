import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { FindingEvent } from '../finding-events.ts'
import { type Condition, type Finding, MORE } from '../findings.ts'
import type { QueueView } from './queues.ts'
import { MOST_DRIFT_MS, type WorkersView } from './workers.ts'

/** Every finding of the source, each with the event types that open and resolve it. */
const FINDINGS = {
  workers: ['celery.worker.offline', 'celery.worker.recovered'],
  no_worker: ['celery.worker.offline', 'celery.worker.recovered'],
  clock: ['celery.worker.clock', 'celery.worker.recovered'],
  unattended: ['celery.queue.unattended', 'celery.queue.recovered'],
  backlog: ['celery.queue.backlog', 'celery.queue.recovered'],
  growth: ['celery.queue.backlog', 'celery.queue.recovered'],
  age: ['celery.queue.backlog', 'celery.queue.recovered'],
  dead_letters: ['celery.dlq.threshold', 'celery.dlq.recovered'],
  events: ['celery.events.missing', 'celery.events.recovered'],
  dropped: ['celery.events.missing', 'celery.events.recovered'],
} as const

type FindingName = keyof typeof FINDINGS

/** What a look knows. */
export interface Seen {
  readonly workers: WorkersView
  readonly queues: readonly QueueView[]
  readonly deadLetters: readonly QueueView[]
  /** Why events of tasks are missing; undefined where they are not. */
  readonly missing: 'switched_off' | 'none_at_all' | undefined
  /** Ends of tasks that could not be taken lately. */
  readonly dropped: number
}

/** Names that a summary lists. */
const MOST_NAMES = 10

/** What is wrong with the workers and their queues, by the limits of the source. */
export function conditionsOf(seen: Seen, definition: CeleryDefinition): readonly Condition<FindingEvent>[] {
  return [
    ...ofWorkers(seen.workers),
    ...seen.queues.flatMap((queue) => ofQueue(queue, definition)),
    ...seen.deadLetters.flatMap(({ queue, waiting }) =>
      waiting < definition.deadLetters
        ? []
        : [
            condition('dead_letters', queue, `${waiting} messages are in ${queue}.`, {
              node: queue,
              value: waiting,
              threshold: definition.deadLetters,
              unit: 'tasks',
            }),
          ],
    ),
    ...ofEvents(seen),
  ]
}

function ofWorkers({ online, offline, drifting }: WorkersView): Condition<FindingEvent>[] {
  const all = online.length + offline.length
  const found: Condition<FindingEvent>[] = []
  if (offline.length > 0) {
    const summary = `${offline.length} of ${all} workers ${offline.length === 1 ? 'is' : 'are'} offline: ${listOf(offline)}.`
    const data = { value: offline.length, threshold: 1, unit: 'workers' }
    found.push(condition('workers', '', summary, data))
    if (online.length === 0) found.push(condition('no_worker', '', `None of ${all} workers is online.`, data))
  }
  const [first] = drifting
  if (first !== undefined) {
    const names = drifting.map(({ worker, seconds }) => `${worker} by ${seconds} s`)
    const summary = `The clock of ${drifting.length} ${drifting.length === 1 ? 'worker' : 'workers'} differs by more than ${MOST_DRIFT_MS / 1000} s: ${listOf(names)}.`
    found.push(condition('clock', '', summary, { value: first.seconds, threshold: MOST_DRIFT_MS / 1000, unit: 's' }))
  }
  return found
}

function ofQueue(view: QueueView, definition: CeleryDefinition): Condition<FindingEvent>[] {
  const { queue, exists, waiting, consumers, perMinute = 0, oldestSeconds = 0 } = view
  const of = { node: queue }
  const found: Condition<FindingEvent>[] = []
  if (!exists || consumers === 0) {
    const summary = exists ? `No worker consumes ${queue}, and ${waiting} tasks wait.` : `There is no queue ${queue}.`
    found.push(condition('unattended', queue, summary, { ...of, value: waiting, unit: 'tasks' }))
  }
  if (waiting >= definition.backlog) {
    const data = { ...of, value: waiting, threshold: definition.backlog, unit: 'tasks' }
    found.push(condition('backlog', queue, `${waiting} tasks wait in ${queue}.`, data))
  }
  if (perMinute >= definition.backlogPerMinute) {
    const data = { ...of, value: perMinute, threshold: definition.backlogPerMinute, unit: 'tasks/min' }
    found.push(condition('growth', queue, `${queue} grows by ${perMinute} tasks a minute, and has ${waiting}.`, data))
  }
  if (oldestSeconds >= definition.backlogSeconds) {
    const summary = `The oldest of ${waiting} tasks in ${queue} waits for ${oldestSeconds} s.`
    const data = { ...of, value: oldestSeconds, threshold: definition.backlogSeconds, unit: 's' }
    found.push(condition('age', queue, summary, data))
  }
  return found
}

const HOW_TO = 'Start the workers with -E, or set worker_send_task_events = True.'
const MISSING = {
  switched_off: `Tasks run, and no worker sends events about them. ${HOW_TO}`,
  none_at_all: `Workers consume the queues, and no event of them arrives. Look whether event_exchange is theirs. ${HOW_TO}`,
} as const

function ofEvents({ missing, dropped }: Seen): Condition<FindingEvent>[] {
  const found: Condition<FindingEvent>[] = []
  if (missing !== undefined) found.push(condition('events', '', MISSING[missing], {}))
  if (dropped > 0) {
    const summary = `${dropped} ends of tasks were not recorded: more came than the database takes, or they could not be read.`
    found.push(condition('dropped', '', summary, { value: dropped, unit: 'tasks' }))
  }
  return found
}

function condition(finding: FindingName, subject: string, summary: string, data: JsonObject): Condition<FindingEvent> {
  return { finding, subject, says: { eventType: FINDINGS[finding][0], data: { summary, ...data } } }
}

function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

/** The event that resolves that of a finding; undefined for one that this version does not know. */
export function overOf({ finding, subject }: Finding): FindingEvent | undefined {
  if (!Object.hasOwn(FINDINGS, finding)) return undefined
  const of = subject === '' || subject === MORE ? '' : ` ${subject}`
  return {
    eventType: FINDINGS[finding as FindingName][1],
    data: { summary: `${finding}${of}: within its limits again, or gone.` },
  }
}

/** The event about conditions beyond those that have events of their own: only queues can be so many. */
export function moreOf(finding: string, count: number): FindingEvent {
  const eventType = Object.hasOwn(FINDINGS, finding) ? FINDINGS[finding as FindingName][0] : 'celery.queue.backlog'
  return { eventType, data: { summary: `${finding}: ${count} more.`, value: count } }
}
