import type { Priority } from '../../catalogue/priority.ts'
import type { TaskEnd } from './task-memory.ts'

/** Ends of one task by one exception that are events of their type's own priority, in {@link WINDOW_MS}. */
const MOST_ALIKE = 10
const WINDOW_MS = 60_000
/** Pairs of a task and an exception that are counted; of more, all count as one. */
const MOST_PAIRS = 1_000
const OTHERS = ''

/**
 * Makes the function that chooses the priority of an event: its type's own for the first {@link MOST_ALIKE} ends in a minute that are
 * alike, and MEDIUM for those that follow. Each failed task stays an event. But CRITICAL and HIGH ones do not wait for a digest, and
 * each escalates.
 */
export function createStormLimit(): (end: TaskEnd, now: number) => Priority | undefined {
  const counts = new Map<string, { since: number; count: number }>()

  function counted(pair: string, now: number): number {
    const before = counts.get(pair)
    const age = now - (before?.since ?? now)
    const isOver = before === undefined || age < 0 || age >= WINDOW_MS
    const entry = isOver ? { since: now, count: 1 } : { since: before.since, count: before.count + 1 }
    counts.set(pair, entry)
    return entry.count
  }

  return ({ kind, task, exception = '' }, now) => {
    const pair = `${kind}\n${task.name ?? ''}\n${exception}`
    if (!counts.has(pair) && counts.size >= MOST_PAIRS)
      for (const [key, { since }] of counts) if (Math.abs(now - since) >= WINDOW_MS) counts.delete(key)
    const key = counts.has(pair) || counts.size < MOST_PAIRS ? pair : OTHERS
    return counted(key, now) > MOST_ALIKE ? 'MEDIUM' : undefined
  }
}
