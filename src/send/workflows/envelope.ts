import type { JsonObject } from '../../kernel/json.ts'
import type { Channel } from '../../registry/registry.ts'

/**
 * The body that a flow takes. The stock template loops over `attachments` and fails without them; a hand-made flow that hands
 * its whole body to "Post card" wants the card alone. Only the flow's owner knows which, hence `payload` of the channel. Never
 * more than one attachment: some flows read only the first.
 */
export function payloadOf(payload: Channel['payload'], card: JsonObject): JsonObject {
  if (payload === 'bare') return card
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }],
  }
}
