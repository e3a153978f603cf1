/** Languages that cards are written in. */
export const LANGUAGES = ['en', 'ar'] as const

/** A card's language: English, or Arabic from right to left. */
export type Language = (typeof LANGUAGES)[number]
