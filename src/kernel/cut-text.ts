/** The start of a text, at most `most` UTF-16 units with the `…` that says that it was cut; never half a surrogate pair. */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, boundary(text, most - 1))}…`
}

/**
 * The first and the last lines of a text, at most `most` UTF-16 units, with a line that is just `…` between them. For
 * tracebacks: where it began comes first, what went wrong last.
 */
export function cutTextMiddle(text: string, most: number): string {
  if (text.length <= most) return text
  const head = text.slice(0, boundary(text, Math.floor(most / 4)))
  const tail = text.slice(boundary(text, text.length - (most - head.length - 3)) + 1)
  const lastLine = head.lastIndexOf('\n')
  const firstLine = tail.indexOf('\n')
  return `${lastLine < 0 ? head : head.slice(0, lastLine)}\n…\n${firstLine < 0 ? tail : tail.slice(firstLine + 1)}`
}

function boundary(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}
