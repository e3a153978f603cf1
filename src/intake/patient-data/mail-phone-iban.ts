/** A stretch of folded letters, from `start` to before `end`. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

/**
 * A mail address. Machine names (`celery@worker-1.prod.local`, `amqp://user:password@host.example`) have the same form:
 * {@link MACHINE} excludes local parts and domain endings that no person's mailbox has.
 */
const MAIL =
  /(?<![a-z0-9._%+@:/-])[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,8}[a-z]{2,24}(?![a-z0-9@-])/g
const MACHINE =
  /^(?:celery|rabbit|rabbitmq|beat|worker|redis|postgres|git|root|emqx|kafka|vault|node|pod)[a-z0-9._-]*@|\.(?:local|internal|svc|lan|localdomain|cluster|intra|corp|compute|test|invalid)$/

/** A Saudi phone number with country code, with or without separators: then 9 digits, or 8 of a landline's. */
const PHONE = /(?<![0-9a-z.])(?:\+|00|\(\+)966\)?(?:[ ().-]{0,3}[0-9]){8,10}(?![0-9])/g

/** IBAN lengths of the countries to expect (SWIFT's IBAN registry, ISO 13616). */
const IBAN_LENGTHS: Readonly<Record<string, number>> = {
  ...{ sa: 24, ae: 23, bh: 22, kw: 30, om: 23, qa: 29, jo: 30, eg: 29, lb: 28, iq: 23, ps: 29, pk: 24, tr: 26, tn: 24 },
  ...{ gb: 22, de: 22, fr: 27, nl: 18, ch: 21, es: 24, it: 27, ie: 22, be: 16, at: 20, se: 24, dk: 18, no: 15, pl: 28 },
}
/** The start of an IBAN. It is rare, so the rest is read without a pattern. */
const IBAN_START = /[a-z]{2}[0-9]{2}/g
/** Length of the longest IBAN with a blank or hyphen after every fourth character. */
const MAX_IBAN_LENGTH = 40

/** Finds identifiers that need no label beside them: mail addresses, Saudi phone numbers, IBANs. */
export function certainForms(letters: string): Stretch[] {
  const found: Stretch[] = []
  if (letters.includes('@'))
    for (const { 0: text, index } of letters.matchAll(MAIL))
      if (!MACHINE.test(text)) found.push({ start: index, end: index + text.length })
  if (letters.includes('966'))
    for (const { 0: text, index } of letters.matchAll(PHONE)) found.push({ start: index, end: index + text.length })
  for (const { index } of letters.matchAll(IBAN_START)) {
    if (index > 0 && /[a-z0-9]/.test(letters.charAt(index - 1))) continue
    const length = lengthOfIban(letters.slice(index, index + MAX_IBAN_LENGTH))
    if (length !== undefined) found.push({ start: index, end: index + length })
  }
  return found
}

/** Length of the IBAN at the start of a text; undefined without an IBAN whose check digits are right. */
function lengthOfIban(text: string): number | undefined {
  const length = IBAN_LENGTHS[text.slice(0, 2)]
  if (length === undefined) return undefined
  let plain = ''
  let end = 0
  for (; end < text.length && plain.length < length; end++) {
    const letter = text.charAt(end)
    if (/[a-z0-9]/.test(letter)) plain += letter
    else if (!/[ -]/.test(letter) || !/[a-z0-9]/.test(text.charAt(end + 1))) return undefined
  }
  if (plain.length < length || /[a-z0-9]/.test(text.charAt(end))) return undefined
  // An IBAN is mostly digits; one in a hundred hashes passes the check digits.
  if (plain.replace(/[^0-9]/g, '').length < length * 0.6) return undefined
  let rest = 0
  for (const letter of plain.slice(4) + plain.slice(0, 4)) rest = Number(`${rest}${Number.parseInt(letter, 36)}`) % 97
  return rest === 1 ? end : undefined
}
