import { utf8Of } from '../kernel/characters.ts'

/** Version byte at the start of PostgreSQL's binary format of jsonb. */
const VERSION = 1

/**
 * JSON in pieces, as a parameter of type jsonb. With the cards of a step it is the largest parameter of all; in pieces
 * it is never joined into one string. The content is a private field: an error that prints its statement's parameters
 * shows no card.
 */
export class JsonText {
  readonly #pieces: readonly string[]

  /** @param pieces in order they make up one JSON value */
  constructor(pieces: readonly string[]) {
    this.#pieces = pieces
  }

  /** The bytes that `pg` sends. */
  toPostgres(): Buffer {
    const bytes = utf8Of(this.#pieces, 1)
    bytes[0] = VERSION
    return bytes
  }

  /** For drivers that serialise JSON themselves, such as PGlite. */
  toJSON(): unknown {
    return JSON.parse(this.#pieces.join(''))
  }
}
