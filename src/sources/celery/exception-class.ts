const CLASS = /^([A-Za-z_][A-Za-z0-9_]{0,99})\(/
/** What billiard reports in place of the exception: the class stands in the traceback alone. */
const WRAPPED = 'ExceptionWithTraceback'
/** Classes that billiard wraps. No other is looked for in a traceback, whose texts may quote a patient. */
const OF_POOL = ['TimeLimitExceeded', 'SoftTimeLimitExceeded', 'WorkerLostError', 'Terminated', 'Reject']
/** Where the last line of a traceback begins is known without its frames, which may be long. */
const MOST_TAIL = 2_000

/**
 * The class of an exception from its `repr` in an event, `NphiesError('HTTP 502 …')`: never its message. `Exception` where the text is
 * not that of a class, undefined where there is none.
 *
 * A hard time limit and a lost worker process have the class in the last line of the traceback.
 */
export function exceptionClassOf(exception: unknown, traceback: unknown): string | undefined {
  if (typeof exception !== 'string') return undefined
  // Its own `repr` names no class, and is followed by its reason.
  if (exception.startsWith('reject requeue=')) return 'Reject'
  const name = CLASS.exec(exception)?.[1]
  if (name !== WRAPPED) return name ?? 'Exception'
  const tail = typeof traceback === 'string' ? traceback.slice(-MOST_TAIL).trimEnd().split('\n') : []
  const last = /^(?:[a-z_]+\.)*([A-Za-z]+)(?::|$)/.exec(tail.at(-1) ?? '')?.[1]
  return OF_POOL.find((known) => known === last) ?? 'Exception'
}

/** True for the classes of Celery's time limits. */
export function isTimeLimit(exception: string | undefined): boolean {
  return exception === 'TimeLimitExceeded' || exception === 'SoftTimeLimitExceeded'
}
