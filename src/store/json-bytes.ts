/** How PostgreSQL begins a jsonb in its binary form: with the version of that form. */
const VERSION = Buffer.from([1])

/**
 * JSON in UTF-8 as a parameter of type jsonb. As a text it would be made a string of two bytes a character as soon as one card
 * has an Arabic letter in it, and bytes again when it goes out; with the cards of a step in it, that is the largest there is.
 *
 * What it holds is private to it, so that an error that shows its statement's parameters shows no card.
 */
export class JsonBytes {
  readonly #parts: readonly Buffer[]

  /** @param parts put one after the other they are one JSON value */
  constructor(parts: readonly Buffer[]) {
    this.#parts = parts
  }

  /** What `pg` sends. */
  toPostgres(): Buffer {
    return Buffer.concat([VERSION, ...this.#parts])
  }

  /** For drivers that write JSON themselves, as PGlite does. */
  toJSON(): unknown {
    return JSON.parse(Buffer.concat(this.#parts).toString())
  }
}
