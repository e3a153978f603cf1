import type { Channel } from '../../catalogue/catalogue.ts'
import { utf8Of } from '../../kernel/characters.ts'

const BEFORE =
  '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":'
const AFTER = '}]}'

/**
 * The body of a post, from a card as JSON. A flow from the stock template loops over `attachments` and fails without
 * them; a custom flow that passes its whole body to "Post card" needs the card alone (`bare`). Only the flow's owner
 * knows which, hence the channel's `payload`. Always one attachment: some flows read only the first.
 */
export function bodyOf(payload: Channel['payload'], cardJson: string): Buffer {
  return utf8Of(payload === 'bare' ? [cardJson] : [BEFORE, cardJson, AFTER])
}
