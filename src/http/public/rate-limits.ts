/** Counts what happens per key and minute. */
export interface RateLimit {
  /** Counts once more. True while the key is within its limit. */
  take(key: string): boolean
}

export const MINUTE_MS = 60_000
/** Keys that are counted at once; with more, the counts start again, so that an attacker can not fill the memory. */
const MAX_KEYS = 20_000

/**
 * Limits how often something happens per key and minute, in this process. By person and link, never by address: a hospital
 * comes from one address.
 */
export function createRateLimit(perMinute: number, now: () => Date): RateLimit {
  const counts = new Map<string, number>()
  let minute = 0
  return {
    take(key) {
      const current = Math.floor(now().getTime() / MINUTE_MS)
      if (current !== minute || counts.size >= MAX_KEYS) counts.clear()
      minute = current
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return count <= perMinute
    },
  }
}
