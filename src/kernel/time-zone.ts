/**
 * Ambiguous abbreviations of time zones, with the zones that they may mean. Node accepts most of them and picks one zone:
 * AST is Alaska in Node, and Arabia in Riyadh.
 */
const AMBIGUOUS_ABBREVIATIONS: Readonly<Record<string, readonly string[]>> = {
  ACT: ['Australia/Darwin', 'America/Rio_Branco'],
  ADT: ['Asia/Baghdad', 'America/Halifax'],
  ART: ['America/Argentina/Buenos_Aires', 'Africa/Cairo'],
  AST: ['Asia/Riyadh', 'America/Halifax', 'America/Anchorage'],
  BST: ['Europe/London', 'Asia/Dhaka'],
  CST: ['America/Chicago', 'Asia/Shanghai', 'America/Havana'],
  ECT: ['America/Guayaquil', 'Europe/Paris'],
  GST: ['Asia/Dubai', 'Atlantic/South_Georgia'],
  IST: ['Asia/Kolkata', 'Asia/Jerusalem', 'Europe/Dublin'],
  MIT: ['Pacific/Marquesas', 'Pacific/Apia'],
  NST: ['America/St_Johns', 'Pacific/Auckland'],
  PST: ['America/Los_Angeles', 'Asia/Manila'],
  SST: ['Asia/Singapore', 'Pacific/Guadalcanal', 'Pacific/Pago_Pago'],
}

/** Checks the name of a time zone; returns undefined for a valid name. */
export function timeZoneProblem(name: string): { readonly found: string; readonly expected: string } | undefined {
  const abbreviation = name.toUpperCase()
  const places = Object.hasOwn(AMBIGUOUS_ABBREVIATIONS, abbreviation)
    ? AMBIGUOUS_ABBREVIATIONS[abbreviation]
    : undefined
  if (places) return { found: `${abbreviation}, which means several places`, expected: `one of: ${places.join(', ')}` }
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return undefined
  } catch {
    return {
      found: `text of ${name.length} characters that names no time zone`,
      expected: 'a time zone name, for example Asia/Riyadh',
    }
  }
}
