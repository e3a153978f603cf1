import type { Channel } from '../../registry/registry.ts'

const BEFORE = Buffer.from(
  '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":',
)
const AFTER = Buffer.from('}]}')

/**
 * The body that a flow takes, as JSON, from a card as JSON. The stock template loops over `attachments` and fails without them; a
 * hand-made flow that hands its whole body to "Post card" wants the card alone. Only the flow's owner knows which, hence
 * `payload` of the channel. Never more than one attachment: some flows read only the first.
 */
export function bodyOf(payload: Channel['payload'], card: Buffer): Buffer {
  return payload === 'bare' ? card : Buffer.concat([BEFORE, card, AFTER])
}
