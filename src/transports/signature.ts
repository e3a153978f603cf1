import type { Priority } from '../catalogue/priority.ts'
import { type Signable, signatureHeaders } from '../contract/signature.ts'
import type { Secret } from '../kernel/secret.ts'

/** Input of {@link signedHeaders}, for one post. The id is the notification's. */
export interface SignedPost extends Omit<Signable, 'secrets'> {
  readonly correlationId: string
  readonly priority: Priority
  readonly attempt: number
  readonly repeat: boolean
  /** Signing secrets, the current one first; at most two. */
  readonly secrets: readonly Secret[]
}

/** The headers of one post: {@link signatureHeaders}, correlation id, priority, attempt and repeat. */
export function signedHeaders(post: SignedPost): Record<string, string> {
  return {
    ...signatureHeaders({ ...post, secrets: post.secrets.map((secret) => secret.reveal()) }),
    'x-correlation-id': headerSafe(post.correlationId),
    'x-priority': post.priority.toLowerCase(),
    'x-claimlinc-attempt': String(post.attempt),
    ...(post.repeat ? { 'x-claimlinc-repeat': 'true' } : {}),
  }
}

/**
 * A value as header text. Visible ASCII stays; other characters, and `%`, are percent-encoded as UTF-8, so that decoding
 * restores the value. Prevents header injection by line breaks in a correlation id.
 */
export function headerSafe(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\x21-\x24\x26-\x7e]/gu, (character) =>
      [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
}
