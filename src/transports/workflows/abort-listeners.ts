/** Has a task run once the signal aborts, unless it is called off before by what is returned. The task must not throw. */
export type WhenAborted = (signal: AbortSignal, task: () => void) => () => void

/**
 * Keeps one listener for each signal, however many tasks wait for it. All posts of a gateway wait for the same signal, that
 * of its stop, and to add a listener and take it away again twice for each of them was a hundredth of its work.
 */
export function createAbortListeners(): WhenAborted {
  const waiting = new WeakMap<AbortSignal, Set<() => void>>()

  function tasksOf(signal: AbortSignal): Set<() => void> {
    const known = waiting.get(signal)
    if (known) return known
    const tasks = new Set<() => void>()
    waiting.set(signal, tasks)
    const runAll = () => {
      // The set itself and no copy of it: a task may call off one that would come after it, or add one.
      for (const task of tasks) task()
    }
    signal.addEventListener('abort', runAll, { once: true })
    return tasks
  }

  return (signal, task) => {
    const tasks = tasksOf(signal)
    // Of its own, so that a task given twice can be called off once.
    const entry = () => task()
    tasks.add(entry)
    return () => tasks.delete(entry)
  }
}
