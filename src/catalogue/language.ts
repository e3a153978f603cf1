/** Languages of cards. */
export const LANGUAGES = ['en', 'ar'] as const

/** Language of a card: English, or Arabic from right to left. */
export type Language = (typeof LANGUAGES)[number]
