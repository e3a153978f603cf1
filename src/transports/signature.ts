import type { Priority } from '../catalogue/priority.ts'
import { type Signable, signatureHeaders } from '../contract/signature.ts'
import type { Secret } from '../kernel/secret.ts'

/** What the headers of one post say. The id is the notification's. */
export interface Signed extends Omit<Signable, 'secrets'> {
  readonly correlationId: string
  readonly priority: Priority
  readonly attempt: number
  readonly repeat: boolean
  /** The secrets that sign, the current one first; at most two. */
  readonly secrets: readonly Secret[]
}

/** The headers of one post: who sends it ({@link signatureHeaders}), and what it is about. */
export function signedHeaders(signed: Signed): Record<string, string> {
  return {
    ...signatureHeaders({ ...signed, secrets: signed.secrets.map((secret) => secret.reveal()) }),
    'x-correlation-id': headerSafe(signed.correlationId),
    'x-priority': signed.priority.toLowerCase(),
    'x-claimlinc-attempt': String(signed.attempt),
    ...(signed.repeat ? { 'x-claimlinc-repeat': 'true' } : {}),
  }
}

/**
 * A value as header text: visible ASCII stays, all else is percent-encoded as UTF-8, and `%` too, so that decoding gives the
 * value back. A line break in a correlation id can therefore not start a header of its own.
 */
export function headerSafe(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\x21-\x24\x26-\x7e]/gu, (character) =>
      [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
}
