import { inspect } from 'node:util'

/**
 * A value that must not be printed: a webhook URL, a token, an HMAC secret. Whatever turns it into text, be
 * it a template string, `JSON.stringify` or `console.log`, gets `[secret]`; only {@link Secret.reveal} gives the value.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Call it where the value is used, as late as possible. */
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

/** An entry of TEAMS_INBOUND_SECRETS. */
export interface NamedSecret {
  /** What its callers are called; undefined where the entry is a secret alone. */
  readonly name: string | undefined
  readonly secret: string
}

/** Reads `name:secret`, or a secret alone. A secret with a colon in it needs a name in front. */
export function parseNamedSecret(entry: string): NamedSecret {
  const [, name, secret] = /^([\p{L}\p{N}_.@-]{1,64}):(.+)$/su.exec(entry) ?? []
  return name !== undefined && secret !== undefined ? { name, secret } : { name: undefined, secret: entry }
}
