import type { Server } from './database.ts'
import type { Figure } from './figures.ts'
import type { Checkout } from './gateway.ts'
import type { Sizes } from './options.ts'
import type { Receiver } from './receiver/receiver.ts'

/** What every scenario gets. */
export interface Bench {
  /** The built gateway. */
  readonly checkout: Checkout
  /** The checkout that it was built from. */
  readonly source: Checkout
  readonly receiver: Receiver
  readonly server: Server
  readonly sizes: Sizes
  readonly rounds: number
  /** Temporary folder, removed at the end. */
  readonly folder: string
  readonly profile: string | undefined
  /** Writes a line of progress to stderr. */
  log(line: string): void
}

/** Result of a scenario. */
export interface Measurements {
  readonly figures: readonly Figure[]
  /** More for the JSON: sizes, batches, profiles. */
  readonly details: Readonly<Record<string, unknown>>
}

/** One scenario. */
export type Scenario = (bench: Bench) => Promise<Measurements>
