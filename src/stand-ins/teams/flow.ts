import { TEAMS_MESSAGE_LIMIT, teamsBytes } from '../../contract/card-size.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { RecordedMessage } from './message.ts'

/** The result of a flow for one card: the part of a recorded message that does not come from the request. */
export type FlowResult = Pick<RecordedMessage, 'card' | 'bytes' | 'run' | 'error'>

const CARD_TYPE = 'application/vnd.microsoft.card.adaptive'

/**
 * Runs the flow of a webhook with a body that its trigger has accepted.
 *
 * `envelope` is the stock template "Send webhook alerts to a channel" (in older tenants "Post to a channel when a
 * webhook request is received"): it loops over `attachments` and posts one message for each. `bare` is a custom flow
 * that passes the whole body to "Post card in a chat or channel". Each fails with the other's body, after the sender
 * got its 202.
 */
export function runFlow(payload: 'envelope' | 'bare', body: Json): FlowResult[] {
  if (payload === 'bare') return [postCard(body)]
  const attachments = isObject(body) ? body.attachments : undefined
  if (!Array.isArray(attachments)) return [failed(null, foreachError(attachments))]
  if (attachments.length === 0) return [{ card: null, bytes: null, run: 'succeeded' }]
  return attachments.map((attachment) => postCard(isObject(attachment) ? (attachment.content as Json) : null))
}

function postCard(card: Json | undefined): FlowResult {
  if (!isObject(card)) return failed(null, invalidCard('Value cannot be null. (Parameter: card)'))
  if (card.type !== 'AdaptiveCard') return failed(null, invalidCard("Property 'type' must be 'AdaptiveCard'"))
  const bytes = messageBytes(card as JsonObject)
  if (bytes > TEAMS_MESSAGE_LIMIT) {
    const size = `Actual ${bytes} bytes, whereas max allowed size is ${TEAMS_MESSAGE_LIMIT} bytes`
    return failed(bytes, `MessageSizeExceeded - Message properties size exceeded. ${size}`)
  }
  return { card: card as JsonObject, bytes, run: 'succeeded' }
}

/** Size of the message that carries a card. A bare card counts the same: the flow wraps it before it posts. */
function messageBytes(card: JsonObject): number {
  return teamsBytes({ type: 'message', attachments: [{ contentType: CARD_TYPE, contentUrl: null, content: card }] })
}

function failed(bytes: number | null, error: string): FlowResult {
  return { card: null, bytes, run: 'failed', error }
}

function invalidCard(reason: string): string {
  return `InvalidBotAdaptiveCard - The specified Teams flowbot adaptive card request is missing or invalid. AdaptiveCards.AdaptiveSerializationException: ${reason}`
}

function foreachError(value: unknown): string {
  const type = value === undefined || value === null ? 'Null' : isObject(value) ? 'Object' : 'String'
  return `ExpressionEvaluationFailed - The execution of template action 'Send_each_adaptive_card' failed: the result of the evaluation of 'foreach' expression '@triggerOutputs()?['body']?['attachments']' is of type '${type}'. The result must be a valid array.`
}
