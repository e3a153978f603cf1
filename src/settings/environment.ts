/** Where settings come from: names and texts, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>
