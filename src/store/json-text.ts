import { utf8Of } from '../kernel/characters.ts'

/** How PostgreSQL begins a jsonb in its binary form: with the version of that form. */
const VERSION = 1

/**
 * JSON in pieces as a parameter of type jsonb: with the cards of a step in it, it is the largest there is, and this way it is
 * never put together as a text.
 *
 * What it holds is private to it, so that an error that shows its statement's parameters shows no card.
 */
export class JsonText {
  readonly #pieces: readonly string[]

  /** @param pieces put one after the other they are one JSON value */
  constructor(pieces: readonly string[]) {
    this.#pieces = pieces
  }

  /** What `pg` sends. */
  toPostgres(): Buffer {
    const bytes = utf8Of(this.#pieces, 1)
    bytes[0] = VERSION
    return bytes
  }

  /** For drivers that write JSON themselves, as PGlite does. */
  toJSON(): unknown {
    return JSON.parse(this.#pieces.join(''))
  }
}
