/** Teams refuses a message whose properties take more bytes than this (`MessageSizeExceeded`). */
export const TEAMS_MESSAGE_LIMIT = 28_672

/**
 * The size of a card in bytes as Teams counts it; any JSON value will do.
 *
 * Teams keeps a card as a JSON string inside a message's properties, so each quote and backslash of the card's JSON
 * costs one byte more. Measured by others: a body of 24,453 bytes was counted as 28,897
 * (https://github.com/MicrosoftDocs/msteams-docs/issues/11274), which is what escaping once more gives.
 *
 * Whether other alphabets are counted as UTF-8 or as UTF-16 is known to nobody outside. Plain ASCII is counted at
 * one byte a character (28,897 is odd, and UTF-16 is always even). For text with anything else in it the worse of the
 * two is taken: a card that is too large gets a 202 and is lost in silence, so an early cut costs less than a late one.
 */
export function teamsBytes(card: unknown): number {
  return teamsBytesOfJson(JSON.stringify(card))
}

/** {@link teamsBytes} of a card that is JSON already. */
export function teamsBytesOfJson(json: string): number {
  const stored = JSON.stringify(json)
  const utf8 = Buffer.byteLength(stored, 'utf8')
  return utf8 === stored.length ? utf8 : Math.max(utf8, stored.length * 2)
}

/**
 * True where a card, given as JSON, is certain to fit, which takes no time to see; false says nothing.
 *
 * Each UTF-16 unit of the card's JSON takes at most four bytes: a quote or backslash becomes two units, which count at
 * most two bytes each; any other is one unit, which counts two, or three as UTF-8. Two quotes go around all of it.
 */
export function surelyFits(json: string, maxBytes: number): boolean {
  return json.length * 4 + 4 <= maxBytes
}
