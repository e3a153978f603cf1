import { GatewayError } from '../kernel/errors.ts'

/** How much is let through a gate at once, and how much may wait. */
export interface GateLimits {
  /** Cost of all that runs at once. What costs more alone runs alone. */
  readonly running: number
  /** Cost of what runs at once for one caller. */
  readonly runningOfCaller: number
  /** Requests that wait, and those of one caller among them. */
  readonly waiting: number
  readonly waitingOfCaller: number
  /** Milliseconds that a request waits. */
  readonly patienceMs: number
}

/** One request before a gate. */
export interface Asking {
  /** Whose it is: the share of a caller is counted by it. */
  readonly caller: unknown
  readonly cost: number
  /** Aborted when the caller has hung up: what waits then is not done any more. */
  readonly gone: AbortSignal
}

/** Lets through as much work as the process can do beside its other duties. */
export interface Gate {
  /**
   * Does the work once there is room for it. Callers take turns: who asks for much waits for himself.
   *
   * @throws GatewayError `gateway_busy` where too much waits already, or it waited too long; `caller_gone`
   */
  run<T>(asking: Asking, work: () => Promise<T>): Promise<T>
}

interface Waiting extends Asking {
  readonly enter: () => void
}

/** Makes a gate. */
export function createGate(limits: GateLimits): Gate {
  /** Callers in the order of their turns, each with what waits of theirs, oldest first. */
  const queues = new Map<unknown, Waiting[]>()
  const costOf = new Map<unknown, number>()
  let running = 0
  let waiting = 0
  let scheduled = false

  function fitsInAll({ cost }: Asking): boolean {
    return running === 0 || running + cost <= limits.running
  }

  function fitsItsCaller({ caller, cost }: Asking): boolean {
    const own = costOf.get(caller) ?? 0
    return own === 0 || own + cost <= limits.runningOfCaller
  }

  /** Lets in what fits, one caller after the other. */
  function admit(): void {
    scheduled = false
    let admitted = false
    for (const [caller, queue] of [...queues]) {
      const [next] = queue
      if (!next || !fitsItsCaller(next)) continue
      // It is this one's turn: to let smaller ones in meanwhile would keep a large one out for ever.
      if (!fitsInAll(next)) break
      admitted = true
      remove(next)
      // To the end of the row, if more of this caller waits.
      if (queues.delete(caller) && queue.length > 0) queues.set(caller, queue)
      take(next)
      next.enter()
    }
    if (admitted) admitSoon()
  }

  /** In a turn of the event loop of its own: else one answer after the other would leave no room for probes and leases. */
  function admitSoon(): void {
    if (scheduled || waiting === 0) return
    scheduled = true
    setImmediate(admit)
  }

  function take({ caller, cost }: Asking): void {
    running += cost
    costOf.set(caller, (costOf.get(caller) ?? 0) + cost)
  }

  function giveBack({ caller, cost }: Asking): void {
    running -= cost
    const left = (costOf.get(caller) ?? 0) - cost
    if (left > 0) costOf.set(caller, left)
    else costOf.delete(caller)
    admitSoon()
  }

  function remove(one: Waiting): void {
    const queue = queues.get(one.caller)
    const index = queue?.indexOf(one) ?? -1
    if (!queue || index < 0) return
    queue.splice(index, 1)
    waiting--
    if (queue.length === 0) queues.delete(one.caller)
  }

  function entered(asking: Asking): Promise<void> {
    const queue = queues.get(asking.caller) ?? []
    if (waiting >= limits.waiting || queue.length >= limits.waitingOfCaller) throw new GatewayError('gateway_busy')
    return new Promise((resolve, reject) => {
      const over = () => {
        clearTimeout(timer)
        asking.gone.removeEventListener('abort', leave)
      }
      const one: Waiting = {
        ...asking,
        enter() {
          over()
          resolve()
        },
      }
      const giveUp = (code: 'gateway_busy' | 'caller_gone') => {
        over()
        remove(one)
        reject(new GatewayError(code))
        admitSoon()
      }
      const leave = () => giveUp('caller_gone')
      const timer = setTimeout(() => giveUp('gateway_busy'), limits.patienceMs)
      asking.gone.addEventListener('abort', leave)
      queue.push(one)
      queues.set(asking.caller, queue)
      waiting++
      admitSoon()
    })
  }

  return {
    async run(asking, work) {
      if (asking.gone.aborted) throw new GatewayError('caller_gone')
      if (waiting === 0 && fitsInAll(asking) && fitsItsCaller(asking)) take(asking)
      else await entered(asking)
      try {
        return await work()
      } finally {
        giveBack(asking)
      }
    },
  }
}
