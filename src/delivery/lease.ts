/** Milliseconds of a lease in which this process no longer believes in it: a post takes a moment to be written. */
const MARGIN_MS = 1_000

/** A turn's hold on its channel, as far as this process can know of it without asking. */
export interface Lease {
  /**
   * Call it before a statement is sent that takes or renews the lease, and what it returns once the database has said that it
   * did. The lease counts from the first of the two moments: nobody knows how long the answer was on its way.
   */
  renewing(): () => void
  /** True while nobody else can have the channel. */
  alive(): boolean
  /** Ends it here: the channel was lost, or the turn breaks off. */
  end(): void
  /** Aborts when it was ended. */
  readonly ended: AbortSignal
}

/**
 * Makes the lease of a turn; it is not alive until it was renewed for the first time.
 *
 * A process may be suspended at any point and for any time: by SIGSTOP, with its machine, by a garbage collection. No timer and
 * no answer tells it so before it goes on, and then another turn may have sent what this one was about to send. So time is
 * counted, by two clocks, of which the one that has gone further counts: the monotonic clock goes on during SIGSTOP but
 * stands still while a Linux machine sleeps, and the wall clock goes on then but can be set back. A wall clock that is set
 * forward ends the lease here too early, until the next renewal a second later; what was not written by then is handed back.
 * `os.uptime()`, the one clock that does all of it, has steps of 10 ms and reads a file for each post. Where a hypervisor stops all
 * clocks of a guest, no clock of its own can tell, and up to the next renewal nothing does.
 *
 * @param leaseMs as the database counts it; without end where no other process can have the database
 */
export function createLease(leaseMs: number): Lease {
  const ending = new AbortController()
  let renewed: Moment | undefined

  return {
    renewing() {
      const moment = now()
      return () => {
        // Two renewals may be on their way at once, and be answered in any order.
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

/** Read anew each time and never from a timer. */
const now = (): Moment => ({ monotonic: performance.now(), wall: Date.now() })

function since(moment: Moment): number {
  const { monotonic, wall } = now()
  return Math.max(monotonic - moment.monotonic, wall - moment.wall)
}
