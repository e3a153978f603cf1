import type { PromiseName } from './promises.ts'
import type { Deployment, Form, Setup } from './setup.ts'
import type { World } from './world.ts'

/** A story of faults. */
export interface Scenario extends Deployment {
  /** What it does, in one sentence. */
  readonly does: string
  readonly promises: readonly PromiseName[]
  /** Part of the short form too. */
  readonly short: boolean
  /** Why it can not be played on this machine; undefined where it can. */
  readonly missing?: () => Promise<string | undefined>
  readonly setup?: (form: Form) => Setup
  /** Plays it: starts replicas and senders, breaks and mends. What comes after the faults is the runner's. */
  readonly play: (world: World, form: Form) => Promise<void>
}
