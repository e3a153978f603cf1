import { inspect } from 'node:util'

/**
 * A value that must not be printed: a webhook URL, a token, an HMAC secret. Template strings, `JSON.stringify` and
 * `console.log` get `[secret]`; only {@link Secret.reveal} returns the value.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** Returns the value. Call it as late as possible, where the value is used. */
  reveal(): string {
    return this.#value
  }

  equals(other: Secret | undefined): boolean {
    return other !== undefined && other.#value === this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** A private key of the audit trail, or a URL, which may have a signature. */
const SECRET_TEXT = /PRIVATE\+KEY\+|^\s*[a-z][a-z0-9+.-]*:\/\//i

/** A path from a setting or an option, for an error. A secret that stands in its place by mistake is not quoted. */
export function shownPath(path: string): string {
  return SECRET_TEXT.test(path) ? '[a secret, not a path]' : path
}

/** One character of a caller's name, as a pattern: safe in log lines and in the record. Needs the flag `u`. */
export const CALLER_NAME_CHARACTER = String.raw`[\p{L}\p{N}_.@-]`

/** A caller's name of at most 64 characters, as a pattern. Needs the flag `u`. */
export const CALLER_NAME = `${CALLER_NAME_CHARACTER}{1,64}`

const NAMED_SECRET = new RegExp(`^(${CALLER_NAME}):(.+)$`, 'su')

/** An entry of TEAMS_INBOUND_SECRETS. */
export interface NamedSecret {
  /** Name of its callers in log lines and in the record; undefined for a secret without a name. */
  readonly name: string | undefined
  readonly secret: string
}

/** Parses `name:secret`, or a secret without a name. A secret that contains a colon needs a name. */
export function parseNamedSecret(entry: string): NamedSecret {
  const [, name, secret] = NAMED_SECRET.exec(entry) ?? []
  return name !== undefined && secret !== undefined ? { name, secret } : { name: undefined, secret: entry }
}
