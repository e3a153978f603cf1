/** Teams refuses a message whose properties take more bytes than this (`MessageSizeExceeded`). */
export const TEAMS_MESSAGE_LIMIT = 28_672

/**
 * Computes the size of a card in bytes as Teams counts it. Accepts any JSON value.
 *
 * Teams stores a card as a JSON string inside a message's properties, so each quote and backslash of the card's JSON
 * costs one more byte. Measured by others: a body of 24,453 bytes was counted as 28,897
 * (https://github.com/MicrosoftDocs/msteams-docs/issues/11274), the size after escaping once more.
 *
 * Whether Teams counts text beyond ASCII as UTF-8 or as UTF-16 is not published. ASCII is counted at one byte a character
 * (28,897 is odd, and UTF-16 is always even). For all other text the larger of the two sizes counts: a card that is too
 * large gets a 202 and is lost silently, so an early cut costs less than a late one.
 */
export function teamsBytes(card: unknown): number {
  return teamsBytesOfJson(JSON.stringify(card))
}

/** {@link teamsBytes} of a card that is already JSON text. */
export function teamsBytesOfJson(json: string): number {
  const stored = JSON.stringify(json)
  const utf8 = Buffer.byteLength(stored, 'utf8')
  return utf8 === stored.length ? utf8 : Math.max(utf8, stored.length * 2)
}

/**
 * True where a card, given as JSON text, certainly fits into `maxBytes`; false means that {@link teamsBytesOfJson} has to
 * decide. Reads only the length.
 *
 * Each UTF-16 unit of the card's JSON takes at most four bytes: a quote or backslash becomes two units, which count at
 * most two bytes each; any other is one unit, which counts two, or three as UTF-8. Two more quotes enclose the text.
 */
export function surelyFits(json: string, maxBytes: number): boolean {
  return json.length * 4 + 4 <= maxBytes
}
