/** Colours of a terminal, as they are and as JSON writes them: a card leaves them out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const COLOURS = /(?:\u001b|\\u001b)\[[0-9;]*m/gi

/**
 * A text as a reader takes it: invisible characters, accents, letter case and widths gone, Arabic digits as Latin ones.
 * Written anew and not taken from src/intake/patient-data/find-values.ts, which is what is being judged.
 */
export function fold(text: string): string {
  return text
    .replace(COLOURS, '')
    .normalize('NFKD')
    .replace(/[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/gu, '')
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .toLowerCase()
}

/** A text with its ASCII letters and digits that were written as `%5A`. */
export function unescaped(text: string): string {
  return text.replace(/%([3-7][0-9a-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
