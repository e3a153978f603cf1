import type { CeleryKind } from '../../contract/celery-keys.ts'
import type { TaskEvent, TaskStep } from './events.ts'

/** What is known of a task from its events, joined by its id. */
export interface KnownTask {
  readonly taskId: string
  readonly name?: string
  readonly queue?: string
  readonly worker?: string
  readonly harmless?: TaskEvent['harmless']
  /** Retries before the newest attempt; undefined where no event said so. */
  readonly retries?: number
  readonly step: TaskStep
  /** When it was started, by our clock. */
  readonly startedAt?: number
}

/** The end of an attempt. */
export interface TaskEnd {
  readonly kind: CeleryKind
  readonly task: KnownTask
  /** Retries before this attempt; undefined where no event said so. */
  readonly attempt: number | undefined
  readonly worker: string
  readonly exception?: string
  readonly expired?: boolean
  /** How often its message went back to its queue; undefined for another end. */
  readonly requeued?: number
}

/** Tasks that are remembered; of more, those that were heard of longest ago are forgotten. */
const MOST_TASKS = 20_000
/**
 * A message that goes back to its queue so often does it for ever: with reject_on_worker_lost, a task whose process is killed each time
 * makes no other event.
 */
const MOST_REQUEUED = 5
/** Celery sends these for a task that is over. */
const ENDS: ReadonlySet<TaskStep> = new Set(['succeeded', 'failed', 'revoked'])

interface Entry {
  task: KnownTask
  /** `retried` events so far: each ends an attempt, also where that of the next attempt came before it. */
  retried: number
  /** How often its message went back to its queue. */
  requeued: number
  /** Retries of the first attempt that was seen. */
  first: number | undefined
}

/** Joins events of the same task: only the first ones have its name, and only one has its queue. */
export interface TaskMemory {
  /** Notes an event, at our clock; returns the end of an attempt, if it is one. */
  note(event: TaskEvent, now: number): TaskEnd | undefined
  /** Tasks that were started on a worker and are not over. */
  startedOn(worker: string): readonly KnownTask[]
  /** Tasks that were started before `at`, those of longest ago first. */
  startedBefore(at: number): readonly KnownTask[]
  /** Takes a task in that a checkpoint has. */
  restore(task: KnownTask): void
  find(taskId: string): KnownTask | undefined
  forget(taskId: string): void
  readonly size: number
}

/** Makes an empty memory. */
export function createTaskMemory(most: number = MOST_TASKS): TaskMemory {
  const entries = new Map<string, Entry>()

  function put(taskId: string, entry: Entry): void {
    entries.delete(taskId)
    entries.set(taskId, entry)
    if (entries.size <= most) return
    const [oldest] = entries.keys()
    if (oldest !== undefined) entries.delete(oldest)
  }

  return {
    note(event, now) {
      const before = entries.get(event.taskId)
      const entry: Entry = {
        task: merged(before?.task, event, now),
        retried: (before?.retried ?? 0) + (event.step === 'retried' ? 1 : 0),
        requeued: (before?.requeued ?? 0) + (event.requeue ? 1 : 0),
        first: before?.first ?? event.retries,
      }
      if (event.step === 'succeeded') entries.delete(event.taskId)
      else put(event.taskId, entry)
      return endOf(event, entry)
    },
    startedOn: (worker) =>
      [...entries.values()].flatMap(({ task }) => (task.step === 'started' && task.worker === worker ? [task] : [])),
    startedBefore: (at) =>
      [...entries.values()].flatMap(({ task }) =>
        task.step === 'started' && (task.startedAt ?? at) < at ? [task] : [],
      ),
    restore(task) {
      if (!entries.has(task.taskId)) put(task.taskId, { task, retried: 0, requeued: 0, first: task.retries })
    },
    find: (taskId) => entries.get(taskId)?.task,
    forget: (taskId) => void entries.delete(taskId),
    get size() {
      return entries.size
    },
  }
}

function merged(before: KnownTask | undefined, event: TaskEvent, now: number): KnownTask {
  const { taskId, name, queue, harmless, retries, step, worker } = event
  // The publisher is no worker, and an event of the attempt before may come after the first ones of the next.
  const byWorker = step === 'sent' ? before?.worker : worker
  const newest = Math.max(before?.retries ?? -1, retries ?? -1)
  const isNextAttempt = retries !== undefined && before?.retries !== undefined && retries > before.retries
  // A rejected message goes back to its queue and is received and started again.
  const next = isOver(before, event) && !isNextAttempt ? (before?.step ?? step) : step
  const startedAt = step === 'started' ? now : before?.startedAt
  const known = { name: name ?? before?.name, queue: queue ?? before?.queue, harmless: harmless ?? before?.harmless }
  return {
    taskId,
    step: next,
    ...(known.name === undefined ? {} : { name: known.name }),
    ...(known.queue === undefined ? {} : { queue: known.queue }),
    ...(known.harmless === undefined ? {} : { harmless: known.harmless }),
    ...(byWorker === undefined ? {} : { worker: byWorker }),
    ...(newest < 0 ? {} : { retries: newest }),
    ...(startedAt === undefined ? {} : { startedAt }),
  }
}

/** Events are not in the order of what they tell: `received` and `started` may come after the end. */
function isOver(before: KnownTask | undefined, { step }: TaskEvent): boolean {
  if (before === undefined || ENDS.has(step)) return false
  return ENDS.has(before.step) || (before.step === 'started' && (step === 'sent' || step === 'received'))
}

function endOf(event: TaskEvent, { task, retried, requeued, first }: Entry): TaskEnd | undefined {
  const { step, worker, exception, expired, requeue } = event
  const about = { task, worker, ...(exception === undefined ? {} : { exception }), ...(expired ? { expired } : {}) }
  // Since Celery 5.6 a task that raises `Reject` also fails; `rejected` follows only where the worker acknowledges late.
  if (step === 'failed' && exception === 'Reject') return { kind: 'rejected', attempt: task.retries, ...about }
  if (step === 'failed' || step === 'revoked') return { kind: step, attempt: task.retries, ...about }
  if (step === 'rejected' && !requeue) return { kind: step, attempt: task.retries, ...about }
  // Else the task runs again.
  if (step === 'rejected' && requeued === MOST_REQUEUED)
    return { kind: step, attempt: task.retries, requeued, ...about }
  if (step === 'retried')
    return { kind: step, attempt: first === undefined ? undefined : first + retried - 1, ...about }
  return undefined
}
