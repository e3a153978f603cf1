/** Randomness that can be repeated: the same seed gives the same numbers in the same order. */
export interface Random {
  /** At least `from`, below `to`. */
  between(from: number, to: number): number
  /** A whole number, at least `from`, at most `to`. */
  whole(from: number, to: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** Another stream, told apart by its name: what one part draws does not move what another part gets. */
  fork(name: string): Random
}

/** Makes a stream from a seed (xmur3 to spread the text, sfc32 to draw; both public domain). */
export function createRandom(seed: string): Random {
  const word = spread(seed)
  let [a, b, c, d] = [word(), word(), word(), 1]
  function next(): number {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return (t >>> 0) / 2 ** 32
  }
  for (let warm = 0; warm < 12; warm++) next()
  return {
    between: (from, to) => from + next() * (to - from),
    whole: (from, to) => Math.floor(from + next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new RangeError('nothing to pick from')
      return from[Math.floor(next() * from.length)] as T
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}

function spread(text: string): () => number {
  let hash = 1779033703 ^ text.length
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 3432918353)
    hash = (hash << 13) | (hash >>> 19)
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507)
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909)
    hash ^= hash >>> 16
    return hash | 0
  }
}
