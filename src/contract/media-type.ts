import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../kernel/errors.ts'

/**
 * Format of the events in a request: the gateway's own JSON, or CloudEvents in one of the three modes of the CloudEvents
 * HTTP binding, section 3.
 */
export type EventFormat = 'json' | 'structured' | 'batch' | 'binary'

/**
 * Determines the format of a request's events from its headers, before the body is read.
 *
 * @throws GatewayError `unsupported_media_type`
 */
export function eventFormat(headers: IncomingHttpHeaders): EventFormat {
  const type = readableType(headers)
  // HTTP binding, 3: a media type that starts with application/cloudevents takes precedence over ce- headers.
  if (type === 'application/cloudevents+json') return 'structured'
  if (type === 'application/cloudevents-batch+json') return 'batch'
  const json = type === 'application/json' || (/^[\w.+-]+\/[\w.+-]+\+json$/.test(type) && !isCloudEvents(type))
  if (headers['ce-specversion'] !== undefined) {
    if (json || type === '') return 'binary'
    return refuse('content-type', 'data that is not JSON', 'application/json beside the ce- headers')
  }
  if (type === 'application/json') return 'json'
  return refuse(
    'content-type',
    type === '' ? 'nothing' : 'another media type',
    'application/json, application/cloudevents+json or application/cloudevents-batch+json',
  )
}

/**
 * Refuses a request whose body is not `application/json`. For operations that do not take CloudEvents.
 *
 * @throws GatewayError `unsupported_media_type`
 */
export function requireJson(headers: IncomingHttpHeaders): void {
  const type = readableType(headers)
  if (type !== 'application/json')
    refuse('content-type', type === '' ? 'nothing' : 'another media type', 'application/json')
}

/** Returns the media type of a body, empty where there is none; refuses compressed bodies and charsets other than UTF-8. */
function readableType(headers: IncomingHttpHeaders): string {
  const encoding = headers['content-encoding']?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity')
    refuse('content-encoding', 'a compressed body', 'a body that is not compressed')
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset.replaceAll('"', '')))
    refuse('content-type', 'another charset', 'UTF-8')
  return type
}

function refuse(at: string, found: string, expected: string): never {
  throw new GatewayError('unsupported_media_type', [{ at, found, expected }])
}

function isCloudEvents(type: string): boolean {
  return type.startsWith('application/cloudevents')
}
