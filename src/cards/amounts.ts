import type { Language } from '../catalogue/language.ts'

/** Spellings of the riyal. */
const RIYAL = new Set(['', 'SR', 'SAR', 'ر.س', 'ر.س.', 'ريال', 'ريال سعودي', '﷼', '\u20c1'])

/** Currencies whose subunit is a thousandth, so that three decimals are decimals and not thousands. */
const THREE_DECIMALS = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'])

/** An unambiguous number, with or without thousands separators, with a currency before or after it. */
const AMOUNT = /^([^\d+-]*?)\s*([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?\s*(\D*)$/

/**
 * Formats an amount for cards of a language: `SAR 15,000.00`, in Arabic `15,000.00 ر.س`. `15000 SAR`, `SR 15,000.0` and
 * `١٥٠٠٠ ريال` give the same. Text without a currency means SAR, as numbers do. Digits are grouped as text, so that long
 * amounts are not rounded.
 *
 * Ambiguous text is returned unchanged: `1.500 SAR` may be one and a half or fifteen hundred, `1500,50 SAR` has a decimal
 * comma, and `15000 per day` is more than an amount.
 */
export function amountInText(text: string, language: Language): string {
  const parts = AMOUNT.exec(withLatinDigits(text.trim()))
  if (!parts) return text
  const [, before = '', sign = '', whole = '', decimals = '', behind = ''] = parts
  const currency = currencyOf(before.trim(), behind.trim())
  if (currency === undefined) return text
  const most = THREE_DECIMALS.has(currency) ? 3 : 2
  if (decimals.length > most) return text
  const grouped = whole
    .replaceAll(',', '')
    .replace(/^0+(?=\d)/, '')
    .replace(/\B(?=(?:\d{3})+$)/g, ',')
  return withCurrency(`${sign === '-' ? '-' : ''}${grouped}.${decimals.padEnd(2, '0')}`, currency, language)
}

/** A formatted number with its currency. */
export function withCurrency(number: string, currency: string, language: Language): string {
  if (language === 'en') return `${currency} ${number}`
  return `${number} ${currency === 'SAR' ? 'ر.س' : currency}`
}

/** The currency code; undefined for unknown text, and for text on both sides of the number. */
function currencyOf(before: string, behind: string): string | undefined {
  if (before !== '' && behind !== '') return undefined
  const name = (before || behind).replaceAll(/[\u200e\u200f\u061c]/g, '')
  if (RIYAL.has(name.toUpperCase())) return 'SAR'
  return /^[A-Z]{3}$/.test(name) ? name : undefined
}

function withLatinDigits(text: string): string {
  return text
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/(?<=\d)\u066c(?=\d{3})/g, ',')
    .replace(/(?<=\d)\u066b(?=\d)/g, '.')
}
