/** Digits that a patient's id may be, and that nothing else is by chance. */
export const LONG_NUMBER = /^-?\d{17,}(?:\.5)?$/

/** A JSON text as its sender wrote it, by the engine and not by our code: a number too long for a double is its digits. */
export function readJson(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && LONG_NUMBER.test(context.source)
      ? digitsOf(value, context.source)
      : value,
  )
}

function digitsOf(value: number, source: string): number | string {
  return Number.isFinite(value) && String(value) === source ? value : source
}
