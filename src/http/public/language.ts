import { LANGUAGES, type Language } from '../../catalogue/language.ts'
import { ACTION_RESULTS, type ActionResult } from '../../contract/actions.ts'
import type { LinkRefusalCode } from '../../contract/link-refusals.ts'
import type { PageProblem, Said, Texts } from './texts.ts'
import { AR } from './texts-ar.ts'
import { EN } from './texts-en.ts'

const TEXTS: Readonly<Record<Language, Texts>> = { en: EN, ar: AR }

/** Arabic month names, but Latin digits and the Gregorian calendar, as on cards. */
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', ar: 'ar-SA-u-ca-gregory-nu-latn' }

/** The texts of a language. */
export function textsOf(language: Language): Texts {
  return TEXTS[language]
}

/** What is said about a refusal. */
export function refusalText({ refused }: Texts, code: LinkRefusalCode | PageProblem): Said {
  return refused[code]
}

/** What is said about the result of an action; in English by the gateway's own table, where these pages have no other words. */
export function resultText(language: Language, result: ActionResult): Said {
  return TEXTS[language].result[result] ?? ACTION_RESULTS[result]
}

/** The language that a person chose on the page; undefined where none was chosen. */
export function chosenLanguage(value: unknown): Language | undefined {
  return LANGUAGES.find((language) => language === value)
}

/** The language of a page that belongs to no card: Arabic where the browser names it first, else English. */
export function browserLanguage(acceptLanguage: string | undefined): Language {
  return /^\s*ar\b/i.test(acceptLanguage ?? '') ? 'ar' : 'en'
}

/** Formats times of the pages in a time zone, with the zone's name. */
export function createTimeFormat(timeZone: string): (at: Date, language: Language) => string {
  const clock = new Intl.DateTimeFormat(LOCALES.en, {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  const days = Object.fromEntries(
    LANGUAGES.map((language) => [
      language,
      new Intl.DateTimeFormat(LOCALES[language], { timeZone, day: 'numeric', month: 'long', year: 'numeric' }),
    ]),
  ) as Record<Language, Intl.DateTimeFormat>
  // Bidi isolates keep the digits and the zone of an Arabic time in left-to-right order, as on cards.
  return (at, language) =>
    language === 'ar'
      ? `${days.ar.format(at)}، \u2066${clock.format(at)}\u2069`
      : `${days.en.format(at)}, ${clock.format(at)}`
}

/** How long it is until a time, in minutes, from two hours on in hours; Intl knows the plurals of Arabic. */
export function timeUntil(at: Date, now: Date, language: Language): string {
  const minutes = Math.max(0, Math.round((at.getTime() - now.getTime()) / 60_000))
  const format = new Intl.RelativeTimeFormat(LOCALES[language], { numeric: 'always' })
  return minutes < 120 ? format.format(minutes, 'minute') : format.format(Math.round(minutes / 60), 'hour')
}
