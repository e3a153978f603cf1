/**
 * Texts one after the other as UTF-8, in one piece of memory. To join them first would make a text of two bytes a character of
 * all of them as soon as one has an Arabic letter in it.
 *
 * @param room bytes to leave free before them
 */
export function utf8Of(texts: readonly string[], room = 0): Buffer {
  const length = texts.reduce((total, text) => total + Buffer.byteLength(text), room)
  const bytes = Buffer.allocUnsafe(length)
  let at = room
  for (const text of texts) at += bytes.write(text, at)
  return bytes
}
