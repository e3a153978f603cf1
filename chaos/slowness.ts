import { cpus, loadavg } from 'node:os'

/** How many times slower than an idle machine this one may be for one process, as the load says: 1 to 10. */
export interface Slowness {
  readonly most: number
  stop(): void
}

/**
 * Watches the load while a scenario is played. Where four programs want a core, each may have to wait four times as long
 * between an act and its trace, and the bounds of the checker have to know: else they measure the neighbours.
 */
export function watchSlowness(): Slowness {
  let most = 1
  const look = () => {
    most = Math.min(10, Math.max(most, (loadavg()[0] ?? 0) / cpus().length))
  }
  look()
  const timer = setInterval(look, 1_000)
  timer.unref()
  return {
    get most() {
      return most
    },
    stop: () => clearInterval(timer),
  }
}
