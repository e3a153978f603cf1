import type { Language } from '../catalogue/language.ts'

/** What people write for the riyal besides SAR. */
const RIYAL = new Set(['', 'SR', 'SAR', 'ر.س', 'ر.س.', 'ريال', 'ريال سعودي', '﷼', '\u20c1'])

/** Currencies whose subunit is a thousandth, so that three decimals are decimals and not thousands. */
const THREE_DECIMALS = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'])

/** A number in one of the two ways that leave no doubt, with a currency before it or behind it. */
const AMOUNT = /^([^\d+-]*?)\s*([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?\s*(\D*)$/

/**
 * An amount as cards of a language show it, whichever way it was sent: `SAR 15,000.00`, in Arabic `15,000.00 ر.س`.
 * `15000 SAR`, `SR 15,000.0` and `١٥٠٠٠ ريال` are that too; text without a currency means SAR, as numbers do. Digits are
 * grouped as text, so that no amount is rounded for being long.
 *
 * Text in which something is in doubt stays as it is: `1.500 SAR` may be one and a half or fifteen hundred,
 * `1500,50 SAR` has its comma elsewhere, and `15000 per day` is no amount alone.
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

/** A written number with its currency. */
export function withCurrency(number: string, currency: string, language: Language): string {
  if (language === 'en') return `${currency} ${number}`
  return `${number} ${currency === 'SAR' ? 'ر.س' : currency}`
}

/** The code of a currency that stands on one side at most; undefined for anything else. */
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
