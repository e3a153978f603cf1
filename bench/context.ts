import type { Server } from './database.ts'
import type { Figure } from './figures.ts'
import type { Checkout } from './gateway.ts'
import type { Sizes } from './options.ts'
import type { Receiver } from './receiver/receiver.ts'

/** What every scenario has. */
export interface Bench {
  readonly checkout: Checkout
  readonly receiver: Receiver
  readonly server: Server
  readonly sizes: Sizes
  readonly rounds: number
  /** Folder for files that are gone at the end. */
  readonly folder: string
  readonly profile: string | undefined
  /** Says how it goes, on stderr. */
  tell(line: string): void
}

/** What a scenario found. */
export interface Found {
  readonly figures: readonly Figure[]
  /** What else belongs into the JSON: sizes, batches, profiles. */
  readonly details: Readonly<Record<string, unknown>>
}

/** One scenario. */
export type Scenario = (bench: Bench) => Promise<Found>
