/** Most characters of an output that an event keeps: its end, where the error stands. */
export const MAX_OUTPUT = 3_000

/** ANSI escape sequences, such as those of colours: https://en.wikipedia.org/wiki/ANSI_escape_code. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: what it removes.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/**
 * The end of what a job wrote, as text; undefined where it wrote nothing.
 *
 * It begins with a whole line, or a whole word of a long one: of an identifier that was cut, the search for patient data would not
 * recognise the rest.
 */
export function readOutput(bytes: Buffer): string | undefined {
  // A character has up to 4 bytes; escape sequences are left out.
  const end = bytes.subarray(Math.max(0, bytes.length - 16 * MAX_OUTPUT))
  const text = end.toString('utf8').replace(ESCAPES, '').replace(/\r\n?/g, '\n').replace(CONTROLS, '').trimEnd()
  const isCut = end.length < bytes.length || text.length > MAX_OUTPUT
  const kept = isCut ? fromWholeWord(text.slice(-MAX_OUTPUT)) : text
  return kept.trim() === '' ? undefined : kept.toWellFormed()
}

function fromWholeWord(text: string): string {
  const line = text.indexOf('\n')
  if (line >= 0 && line < text.length - 1) return text.slice(line + 1)
  const blank = text.search(/\s/)
  return blank < 0 ? '' : text.slice(blank + 1)
}
