/** An answer of the stand-in: JSON, or a text as it is. */
export interface Answer {
  readonly status: number
  readonly body: object | string
}

export const refuse = (status: number, ...errors: readonly string[]): Answer => ({ status, body: { errors } })

/** Without a token. */
export const DENIED = refuse(403, 'permission denied')
/** With a token that is revoked or expired, or was never made. */
export const INVALID_TOKEN = refuse(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n')
/** With a token whose policies do not allow it. */
export const NOT_ALLOWED = refuse(403, '1 error occurred:\n\t* permission denied\n\n')
