import type { Json } from '../../kernel/json.ts'
import { isObject } from '../../kernel/json.ts'
import type { SandboxChannel } from './message.ts'
import type { RefusalCode } from './refusals.ts'

/** One HTTP request to a channel's webhook. */
export interface Post {
  /** The query string, with or without the question mark. */
  readonly query: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** The result of {@link checkPost}: the body, or the code of the refusal. */
export type PostCheck =
  | { readonly refused: RefusalCode }
  | { readonly refused?: undefined; readonly body: Json; readonly text: string }

/**
 * The trigger "When a Teams webhook request is received", with Power Automate's checks in its order. Accepts any JSON:
 * a wrong card fails later, in the flow.
 */
export function checkPost(post: Post, channel: SandboxChannel, signature: string): PostCheck {
  const query = new URLSearchParams(post.query)
  if (!query.get('api-version')) return { refused: 'MissingApiVersionParameter' }
  if (channel.access === 'entra_token' && query.has('sig') && headerOf(post, 'authorization') !== '')
    return { refused: 'DirectApiRequestHasMoreThanOneAuthorization' }
  if (!isAllowed(post, query, channel, signature)) return { refused: 'DirectApiAuthorizationRequired' }
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(headerOf(post, 'content-type'))) {
    return { refused: 'UnsupportedMediaType' }
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(post.body)
    const body: Json = JSON.parse(text)
    return { body, text }
  } catch {
    return { refused: 'InvalidRequestContent' }
  }
}

/** True for a body with the outer structure that the channel's flow takes. */
export function hasShape(payload: SandboxChannel['payload'], body: Json): boolean {
  if (!isObject(body)) return false
  return payload === 'bare' ? body.type === 'AdaptiveCard' : Array.isArray(body.attachments)
}

function isAllowed(post: Post, query: URLSearchParams, channel: SandboxChannel, signature: string): boolean {
  const authorization = headerOf(post, 'authorization')
  // The stand-in can not validate tokens: it accepts any bearer token.
  if (channel.access === 'entra_token') return /^bearer \S+$/i.test(authorization)
  const signed = query.get('sig') === signature && query.get('sv') === '1.0' && query.get('sp') !== null
  return signed && authorization === ''
}

function headerOf(post: Post, name: string): string {
  const value = post.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}
