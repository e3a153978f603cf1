import type { PromiseName } from './promises.ts'

/** What became of one promise in one scenario. */
export interface Judgement {
  readonly promise: PromiseName
  readonly held: boolean
  /** What was looked at, by name. */
  readonly counts: Readonly<Record<string, number>>
  /** What speaks against it: how many, and the first of them. */
  readonly broken: number
  readonly examples: readonly string[]
}

/** What the checker says of one scenario. */
export interface ScenarioVerdict {
  readonly scenario: string
  readonly seed: string
  readonly form: string
  readonly held: boolean
  readonly took_ms: number
  /** By how much the bounds were made larger, because the machine had other things to do too. */
  readonly slowness: number
  readonly counts: Readonly<Record<string, number>>
  /** What the runner noted, such as by which means a fault was played. */
  readonly notes: readonly string[]
  readonly judgements: readonly Judgement[]
}

/** Gathers what speaks against a promise while it is checked. */
export function createJudge(promise: PromiseName) {
  const counts: Record<string, number> = {}
  const examples: string[] = []
  let broken = 0
  return {
    count(name: string, by = 1): void {
      counts[name] = (counts[name] ?? 0) + by
    },
    /** Says that something speaks against it. */
    breaks(what: string): void {
      broken += 1
      if (examples.length < 10) examples.push(what)
    },
    /** @param needed counts that must not be 0: a promise that nothing was looked at for has not been kept */
    judgement(...needed: readonly string[]): Judgement {
      for (const name of needed)
        if (!counts[name]) {
          broken += 1
          examples.push(`nothing was looked at: ${name} is 0`)
        }
      return { promise, held: broken === 0, counts, broken, examples }
    },
  }
}
