import type { Machine } from './machine.ts'
import type { PromiseResult } from './promises.ts'

/** `result.json` of a scenario. */
export interface ScenarioResult {
  readonly scenario: string
  readonly seed: string
  readonly form: string
  readonly held: boolean
  readonly took_ms: number
  /** Factor by which the bounds were extended, since the machine was busy. */
  readonly slowness: number
  readonly counts: Readonly<Record<string, number>>
  /** Notes of the runner, such as how a fault was caused. */
  readonly notes: readonly string[]
  readonly promises: readonly PromiseResult[]
}

/** A scenario that could not be played, and why. It does not count as held. */
export interface NotPlayed {
  readonly scenario: string
  readonly why: string
}

/** A breakage, and whether its scenario noticed it. */
export interface BreakageResult {
  readonly name: string
  readonly does: string
  readonly promise: string
  readonly scenario: string
  readonly noticed: boolean
  /** The first violation of the promise. */
  readonly example: string
}

/** `run.json` of a run, from which docs/reliability.md is written. */
export interface Summary {
  readonly held: boolean
  readonly form: string
  readonly seed: string
  readonly date: string
  readonly took_s: number
  readonly machine: Machine
  readonly scenarios: readonly ScenarioResult[]
  readonly not_played: readonly NotPlayed[]
}

/** `breakages.json` of a run with `--break`. */
export interface BreakageSummary {
  readonly seed: string
  readonly date: string
  readonly took_s: number
  readonly machine: Machine
  readonly breakages: readonly BreakageResult[]
}
