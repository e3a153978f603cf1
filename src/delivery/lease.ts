/** Milliseconds before the end of a lease at which this process stops posting: writing a post takes a moment. */
const MARGIN_MS = 1_000

/** The lease of a turn on its channel, as far as this process can tell without asking the database. */
export interface Lease {
  /**
   * Starts a renewal. Call it before the statement that takes or renews the lease is sent; call the returned function
   * once the database has confirmed it. The lease counts from the first of the two moments, because the time that the
   * answer took is unknown.
   */
  renewing(): () => void
  /** True while no other process can have the channel. */
  alive(): boolean
  /** Ends the lease in this process: the channel was lost, or the turn failed. */
  end(): void
  /** Aborts when {@link end} is called. */
  readonly ended: AbortSignal
}

/**
 * Makes the lease of a turn. It is not alive before its first renewal.
 *
 * A process may be suspended at any point and for any time: by SIGSTOP, with its machine, or by garbage collection. No
 * timer and no database answer shows that before the process resumes, and by then another turn may have sent the same
 * notification. So elapsed time is measured with two clocks, and the larger value counts:
 *
 * - the monotonic clock continues during SIGSTOP, but stops while a Linux machine sleeps;
 * - the wall clock continues while the machine sleeps, but can be set back. Where it is set forward, the lease ends
 *   early in this process, until the next renewal a second later; posts that are not written by then are handed back.
 *
 * Rejected: `os.uptime()`, which covers both, but has steps of 10 ms and reads a file for each post. Where a hypervisor
 * stops all clocks of a guest, no local clock can show it, and until the next renewal nothing does.
 *
 * @param leaseMs length of the lease in the database; infinite where no other process can have the database
 */
export function createLease(leaseMs: number): Lease {
  const ending = new AbortController()
  let renewed: Moment | undefined

  return {
    renewing() {
      const moment = now()
      return () => {
        // Two renewals may be in flight at once, and be answered in any order.
        if (renewed === undefined || moment.monotonic > renewed.monotonic) renewed = moment
      }
    },
    alive: () => renewed !== undefined && !ending.signal.aborted && since(renewed) < leaseMs - MARGIN_MS,
    end: () => ending.abort(),
    ended: ending.signal,
  }
}

interface Moment {
  readonly monotonic: number
  readonly wall: number
}

/** Both clocks, read directly at each call: a value kept by a timer would be stale after a suspension. */
const now = (): Moment => ({ monotonic: performance.now(), wall: Date.now() })

function since(moment: Moment): number {
  const { monotonic, wall } = now()
  return Math.max(monotonic - moment.monotonic, wall - moment.wall)
}
