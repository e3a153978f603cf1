/** Values that earlier guides showed in place of a secret: everybody knows them. */
const PUBLISHED = new Set(['the-output-of-openssl-rand-hex-32', 'the value, not the id'])

/**
 * True where a secret, or one secret of a list, is a placeholder of the documentation, such as `<token>` or `claims:send:<token>`.
 * A length alone does not tell: `<output of openssl rand -hex 32>` has 32 characters.
 */
export function isPlaceholder(value: string): boolean {
  return /(?:^|[,:])\s*<[^<>]*>\s*(?=,|$)/.test(value) || PUBLISHED.has(value.trim())
}
