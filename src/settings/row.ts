import type { z } from 'zod'

/** One setting, as {@link SETTINGS} of `table.ts` has it. */
export interface SettingRow {
  /** Heading under which docs and `.env.example` list it. */
  readonly group: string
  /** Reads the text of the environment; its error message says what was expected. */
  readonly schema: z.ZodType<unknown, string>
  /** The default, as it would be written in the environment; undefined where there is none. */
  readonly default?: string
  /** What it does, in its unit. */
  readonly help: string
  /** True where the value must never be shown. */
  readonly secret?: true
}
