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
  const from = text.length - (most - head.length - 3)
  const tail = text.slice(isSecondHalf(text, from) ? from + 1 : from)
  const lastLine = head.lastIndexOf('\n')
  const firstLine = tail.indexOf('\n')
  return `${lastLine < 0 ? head : head.slice(0, lastLine)}\n…\n${firstLine < 0 ? tail : tail.slice(firstLine + 1)}`
}

function boundary(text: string, at: number): number {
  return isSecondHalf(text, at) ? at - 1 : at
}

/** Whether the second half of a surrogate pair stands there. */
function isSecondHalf(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}
