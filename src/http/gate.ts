import { GatewayError } from '../kernel/errors.ts'

/** Limits of one gate: the cost of running requests, and the number and time of waiting ones. */
export interface GateLimits {
  /** Highest total cost of running requests. A request that costs more than this runs alone. */
  readonly running: number
  /** Highest total cost of one caller's running requests. */
  readonly runningOfCaller: number
  /** Most waiting requests, of all callers and of one. */
  readonly waiting: number
  readonly waitingOfCaller: number
  /** Milliseconds after which a waiting request is refused. */
  readonly maxWaitMs: number
}

/** One request to a gate. */
export interface GateRequest {
  /** Identity by which the limits of one caller are counted. */
  readonly caller: unknown
  readonly cost: number
  /** Aborted when the caller disconnects: a request that still waits is then refused with `caller_gone`. */
  readonly disconnected: AbortSignal
}

/** Limits concurrent requests, so that the process has time left for probes and leases. */
export interface Gate {
  /**
   * Runs the work once the limits allow it. Callers take turns (round robin), so a caller with many requests delays only
   * its own.
   *
   * @throws GatewayError `gateway_busy` when too many requests wait already or this one waited too long; `caller_gone`
   */
  run<T>(request: GateRequest, work: () => Promise<T>): Promise<T>
}

interface WaitingRequest extends GateRequest {
  readonly start: () => void
}

/** Makes a gate. */
export function createGate(limits: GateLimits): Gate {
  /** Callers in the order of their turns, each with its waiting requests, oldest first. */
  const queues = new Map<unknown, WaitingRequest[]>()
  /** Cost of running requests by caller; callers without one are absent. */
  const runningOf = new Map<unknown, number>()
  let running = 0
  let waiting = 0
  let scheduled = false

  function fitsTotal({ cost }: GateRequest): boolean {
    return running === 0 || running + cost <= limits.running
  }

  function fitsCaller({ caller, cost }: GateRequest): boolean {
    const runningOfCaller = runningOf.get(caller) ?? 0
    return runningOfCaller === 0 || runningOfCaller + cost <= limits.runningOfCaller
  }

  /** Starts waiting requests that fit, at most one of each caller. */
  function admit(): void {
    scheduled = false
    let admitted = false
    for (const [caller, queue] of [...queues]) {
      const [next] = queue
      if (!next || !fitsCaller(next)) continue
      // Smaller requests behind it wait too: started first, they could keep a large one waiting for ever.
      if (!fitsTotal(next)) break
      admitted = true
      remove(next)
      // A caller with further waiting requests goes to the end of the order.
      if (queues.delete(caller) && queue.length > 0) queues.set(caller, queue)
      addRunning(next)
      next.start()
    }
    if (admitted) admitSoon()
  }

  /**
   * Calls `admit` in the next turn of the event loop (`setImmediate`). At once, a row of answers would leave probes and
   * lease renewals no turn.
   */
  function admitSoon(): void {
    if (scheduled || waiting === 0) return
    scheduled = true
    setImmediate(admit)
  }

  function addRunning({ caller, cost }: GateRequest): void {
    running += cost
    runningOf.set(caller, (runningOf.get(caller) ?? 0) + cost)
  }

  function removeRunning({ caller, cost }: GateRequest): void {
    running -= cost
    const left = (runningOf.get(caller) ?? 0) - cost
    if (left > 0) runningOf.set(caller, left)
    else runningOf.delete(caller)
    admitSoon()
  }

  function remove(request: WaitingRequest): void {
    const queue = queues.get(request.caller)
    const index = queue?.indexOf(request) ?? -1
    if (!queue || index < 0) return
    queue.splice(index, 1)
    waiting--
    if (queue.length === 0) queues.delete(request.caller)
  }

  /** Resolves once `admit` has counted the request as running. */
  function waitForTurn(request: GateRequest): Promise<void> {
    const { caller, disconnected } = request
    const queue = queues.get(caller) ?? []
    if (waiting >= limits.waiting || queue.length >= limits.waitingOfCaller) throw new GatewayError('gateway_busy')
    return new Promise((resolve, reject) => {
      const stopWaiting = () => {
        clearTimeout(timer)
        disconnected.removeEventListener('abort', onDisconnect)
      }
      const entry: WaitingRequest = {
        ...request,
        start() {
          stopWaiting()
          resolve()
        },
      }
      const refuse = (code: 'gateway_busy' | 'caller_gone') => {
        stopWaiting()
        remove(entry)
        reject(new GatewayError(code))
        admitSoon()
      }
      const onDisconnect = () => refuse('caller_gone')
      const timer = setTimeout(() => refuse('gateway_busy'), limits.maxWaitMs)
      disconnected.addEventListener('abort', onDisconnect)
      queue.push(entry)
      queues.set(caller, queue)
      waiting++
      admitSoon()
    })
  }

  return {
    async run(request, work) {
      if (request.disconnected.aborted) throw new GatewayError('caller_gone')
      if (waiting === 0 && fitsTotal(request) && fitsCaller(request)) addRunning(request)
      else await waitForTurn(request)
      try {
        return await work()
      } finally {
        removeRunning(request)
      }
    },
  }
}
