// The numbers and bytes of C2SP's text formats have exactly one spelling. A second one would let a file be changed
// without any check noticing it.

/** Decodes standard base64 with its padding (RFC 4648, section 4); undefined for any other spelling. */
export function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  // Node skips characters that are not base64 and ignores unused bits, which the way back shows.
  return bytes.toString('base64') === text ? bytes : undefined
}

/** Decodes a SHA-256 hash in base64; undefined for anything else. */
export function readHash(text: string): Buffer | undefined {
  const bytes = readBase64(text)
  return bytes?.length === 32 ? bytes : undefined
}

/** Reads a decimal number without leading zeros; undefined for anything else, and for more than 2^53 - 1. */
export function readDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** Whether a text is free of control characters other than line feeds, and can be written in UTF-8. */
export function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids them
  return text.isWellFormed() && !/[\x00-\x09\x0b-\x1f]/.test(text)
}

/** Whether a key name is not empty and has no Unicode spaces, no `+` and no control characters. */
export function isKeyName(name: string): boolean {
  return isNoteText(name) && /^[^\s\p{White_Space}+]+$/u.test(name)
}
