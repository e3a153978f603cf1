// How properties read inputs and outputs: written anew, so that an error of the gateway's own parser or fold is found.

/** Long enough to be a patient's id, and to match nothing else by chance. */
export const LONG_NUMBER = /^-?\d{17,}(?:\.5)?$/

/**
 * A JSON text as its sender wrote it, by the engine and not by our code: a number too long for a double is its digits. A
 * byte order mark before the text is not part of it (RFC 8259, section 8.1).
 */
export function readJson(text: string): unknown {
  return JSON.parse(
    text.replace(/^\ufeff/, ''),
    (_key: string, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && LONG_NUMBER.test(context.source)
        ? digitsOf(value, context.source)
        : value,
  )
}

function digitsOf(value: number, source: string): number | string {
  return Number.isFinite(value) && String(value) === source ? value : source
}

/** Colours of a terminal, as they are and as JSON writes them: a card leaves them out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const COLOURS = /(?:\u001b|\\u001b)\[[0-9;]*m/gi

/**
 * A text as a reader takes it: invisible characters, accents, letter case and widths gone, Arabic digits as Latin ones.
 * Not the fold of src/intake/patient-data/find-values.ts, which it tests.
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
