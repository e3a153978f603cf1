import type { Machine } from './machine.ts'
import type { ScenarioVerdict } from './verdict.ts'

/** A scenario that could not be played, and why. It does not count as held. */
export interface NotPlayed {
  readonly scenario: string
  readonly why: string
}

/** What was broken on purpose, and whether that was noticed. */
export interface BreakageVerdict {
  readonly name: string
  readonly does: string
  readonly promise: string
  readonly scenario: string
  readonly noticed: boolean
  /** What speaks against the promise, the first of it. */
  readonly example: string
}

/** `verdict.json` of a run: what the reports are written from. */
export interface Summary {
  readonly held: boolean
  readonly form: string
  readonly seed: string
  readonly date: string
  readonly took_s: number
  readonly machine: Machine
  readonly verdicts: readonly ScenarioVerdict[]
  readonly not_played: readonly NotPlayed[]
}

/** `breakages.json` of a run with `--break`. */
export interface BreakageSummary {
  readonly seed: string
  readonly date: string
  readonly took_s: number
  readonly machine: Machine
  readonly breakages: readonly BreakageVerdict[]
}
