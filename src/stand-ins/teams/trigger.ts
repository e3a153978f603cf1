import type { Json } from '../../kernel/json.ts'
import { isObject } from '../../kernel/json.ts'
import type { SandboxChannel } from './message.ts'
import type { RefusalCode } from './refusals.ts'

/** One HTTP request to a channel's webhook. */
export interface Post {
  /** The query as it came, with or without the question mark. */
  readonly query: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** What the trigger makes of a request: the body, or why it is refused. */
export type PostCheck =
  | { readonly refused: RefusalCode }
  | { readonly refused?: undefined; readonly body: Json; readonly text: string }

/**
 * The trigger "When a Teams webhook request is received": checks what the platform checks before it answers, in the
 * platform's order. It does not look at the card: whatever is JSON is taken and fails later, in the flow.
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

/** True for a body whose outer shape is what the channel's flow takes. */
export function hasShape(payload: SandboxChannel['payload'], body: Json): boolean {
  if (!isObject(body)) return false
  return payload === 'bare' ? body.type === 'AdaptiveCard' : Array.isArray(body.attachments)
}

function isAllowed(post: Post, query: URLSearchParams, channel: SandboxChannel, signature: string): boolean {
  const authorization = headerOf(post, 'authorization')
  // The stand-in has no Entra to ask: any bearer token will do, but there has to be one.
  if (channel.access === 'entra_token') return /^bearer \S+$/i.test(authorization)
  const signed = query.get('sig') === signature && query.get('sv') === '1.0' && query.get('sp') !== null
  return signed && authorization === ''
}

function headerOf(post: Post, name: string): string {
  const value = post.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}
