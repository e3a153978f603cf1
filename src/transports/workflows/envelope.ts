import type { Channel } from '../../catalogue/catalogue.ts'
import { utf8Of } from '../../kernel/characters.ts'

const BEFORE =
  '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":'
const AFTER = '}]}'

/**
 * The body that a flow takes, as JSON in UTF-8, from a card as JSON. The stock template loops over `attachments` and fails without them; a
 * hand-made flow that hands its whole body to "Post card" wants the card alone. Only the flow's owner knows which, hence
 * `payload` of the channel. Never more than one attachment: some flows read only the first.
 */
export function bodyOf(payload: Channel['payload'], cardJson: string): Buffer {
  return utf8Of(payload === 'bare' ? [cardJson] : [BEFORE, cardJson, AFTER])
}
