/** Text of an HTML page, already escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template: escaped unless it is {@link Html}; false, null and undefined are left out. */
export type Piece = Html | string | number | false | null | undefined | readonly Piece[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A template of HTML. Every value is escaped, for text and for attributes in quotes alike. Values must not stand in an
 * attribute without quotes, in a script or in a style: there are none on these pages.
 */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(strings.reduce((text, next, at) => text + textOf(pieces[at - 1]) + next))
}

function textOf(piece: Piece): string {
  if (piece instanceof Html) return piece.text
  if (Array.isArray(piece)) return piece.map(textOf).join('')
  if (piece === false || piece === null || piece === undefined) return ''
  return String(piece).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
