/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 to below `below`. */
  whole(below: number): number
  /** True once in so many times. */
  oneIn(times: number): boolean
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
}

/** mulberry32 (public domain, Tommy Ettinger): small, quick, and good enough to choose by. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (below: number) => Math.floor(next() * below)
  return {
    whole,
    oneIn: (times) => whole(times) === 0,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('nothing to pick from')
      return list[whole(list.length)] as (typeof list)[number]
    },
  }
}
