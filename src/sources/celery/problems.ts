import type { SourceCode } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import { SourceProblem } from '../source.ts'

/** Why a socket failed. */
export function codeOfSocket(error: unknown): SourceCode {
  const code = codeOf(error) ?? ''
  if (['ECONNRESET', 'EPIPE', 'ABORT_ERR'].includes(code)) return 'no_answer'
  return /^(CERT_|ERR_TLS|ERR_SSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code) ? 'tls_failed' : 'not_reached'
}

/** The reply code of AMQP in an error of amqplib; undefined for another error. */
export function amqpCodeOf(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'number' ? code : undefined
}

/** A problem from an error of amqplib or of its socket. */
export function amqpProblem(error: unknown, hasSecret: boolean): SourceProblem {
  return error instanceof SourceProblem ? error : new SourceProblem(codeOfAmqp(error, hasSecret), { cause: error })
}

function codeOfAmqp(error: unknown, hasSecret: boolean): SourceCode {
  const code = amqpCodeOf(error)
  const message = error instanceof Error ? error.message : ''
  // RabbitMQ refuses a login with 403 at the connection, and a right with 403 at a channel.
  if (/ACCESS[_-]REFUSED - Login|authentication mechanism|PLAIN login refused/i.test(message))
    return hasSecret ? 'secret_refused' : 'secret_missing'
  if (code === 403 || message.includes('ACCESS-REFUSED')) return 'rights_missing'
  if (code === 404 || code === 406 || code === 530 || code === 405) return 'refused'
  if (code === 320 || code === 541 || /CONNECTION[_-]FORCED|max.connections|connection limit/i.test(message))
    return 'busy'
  // RabbitMQ closes the connection instead of opening it where there is no such virtual host.
  if (code !== undefined || message.includes('ConnectionClose')) return 'refused'
  if (/closed|ended|ETIMEDOUT|Heartbeat timeout|aborted/i.test(message)) return 'no_answer'
  if (/Expected ConnectionOpen|Invalid frame|frame size|Handshake|not AMQP|Protocol|unexpected/i.test(message))
    return 'answer_unreadable'
  return codeOfSocket(error)
}
