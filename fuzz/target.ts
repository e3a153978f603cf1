import type { Random } from './random.ts'

/** One thing that is fuzzed: how its inputs look, how they are changed, and what has to hold for each of them. */
export interface Target {
  readonly name: string
  /** What files of its corpus end in. */
  readonly extension: string
  /** Inputs that share one coverage sample: a sample costs 10 ms, for one input or many. */
  readonly batch: number
  /** One input in so many is tried thoroughly. */
  readonly thoroughOneIn: number
  /** Steps (blocks of src/ that were entered) that an input of so many bytes may take; see `coverage.ts`. */
  readonly maxSteps: (bytes: number) => number
  /** Inputs to begin with when the corpus is empty: made from the tables of src/, so they follow them. */
  seeds(): readonly Buffer[]
  /** A new input from an old one; `other` is another one, to take parts from. */
  mutate(input: Buffer, other: Buffer, random: Random): Buffer
  open(): Promise<OpenTarget>
}

/** A target that is ready: databases open, templates parsed. */
export interface OpenTarget {
  /**
   * Tries one input.
   *
   * @param thorough also the slow checks, such as writing to the database and reading back
   * @returns words that say how it went, of a closed set: an input that got a new one is worth keeping
   * @throws PropertyViolation if a property does not hold; any other error violates `answers`
   */
  run(input: Buffer, thorough: boolean): Promise<readonly string[]>
  close(): Promise<void>
}

/** What has to hold for every input. */
export const PROPERTIES = {
  answers: 'every input is accepted, or refused with a GatewayError, or is a SourceProblem; nothing else is thrown',
  refusal: 'a refusal has a code of the table, which is not "internal", and says what is wrong where',
  quotes: 'a refusal describes what it found and quotes none of it',
  patient: 'no patient value is in what is stored, answered, logged or shown',
  whole: 'a request is accepted whole or refused whole',
  stored: 'what is stored is what was checked, and what was checked is what was sent',
  declared: 'no data field is kept that the event type does not declare',
  again: 'the same keys sent again give the first answer again and write nothing',
  card: 'a card is valid for the official parser, and the same each time',
  size: 'a card fits into what Teams takes, and knows its own size',
  expression: 'no expression of a template is left over, and none that comes as data is evaluated',
  inert: 'no Markdown, link, mention, date function or bidi character of the data does anything on a card',
  silenced: 'a silence that was accepted names no patient field, and keeps back exactly what its matchers say',
  alike: 'the parts of the template check agree with the check as a whole',
  same: 'the same bytes give the same, read again or cut into segments anywhere',
  plain: 'what is read of an outside system is JSON, and no larger than its limits',
  taken: 'every event that a source makes is accepted',
  steps: 'the work for an input is bounded by its size',
  ends: 'every input comes to an end within the time and the memory of the watch',
} as const

/** Name of a property. */
export type PropertyName = keyof typeof PROPERTIES

/** A property that does not hold for an input. */
export class PropertyViolation extends Error {
  readonly property: PropertyName

  constructor(property: PropertyName, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'PropertyViolation'
    this.property = property
  }
}

/** Throws {@link PropertyViolation} unless the condition holds. */
export function hold(condition: boolean, property: PropertyName, detail: () => string): asserts condition {
  if (!condition) throw new PropertyViolation(property, detail())
}
