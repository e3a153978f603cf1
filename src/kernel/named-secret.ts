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
