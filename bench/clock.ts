/**
 * Milliseconds of the machine's monotonic clock, the same in all its processes: what one process sent and another got
 * can be subtracted, and nobody who sets the time of day changes a figure.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
