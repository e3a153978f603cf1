/** Tells of one problem at a place in a template. */
export type Tell = (at: string, found: string, expected: string) => void
