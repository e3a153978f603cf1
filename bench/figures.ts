/** One figure: what was measured in each round, and what is said of it. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly rounds: readonly number[]
  readonly median: number
  readonly min: number
  readonly max: number
}

/** A figure of some rounds. */
export function figure(name: string, unit: string, rounds: readonly number[]): Figure {
  if (rounds.length === 0) throw new Error(`nothing was measured for ${name}`)
  return { name, unit, rounds, median: median(rounds), min: Math.min(...rounds), max: Math.max(...rounds) }
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** The value that `share` of all are not above (nearest rank): a value that was really measured. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** A figure's value in few digits. */
export function shown(value: number, unit: string): string {
  if (!Number.isFinite(value)) return 'never'
  const digits = unit === 'ratio' ? 2 : unit === '' || Math.abs(value) >= 100 ? 0 : 1
  return `${value.toFixed(digits)}${unit === '' || unit === 'ratio' ? '' : ` ${unit}`}`
}
