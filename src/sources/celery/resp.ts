import { SourceProblem } from '../source.ts'

/** A value of RESP2: a status or a text, a number, null, a list, or an error reply. */
export type Reply = Buffer | number | null | RespError | readonly Reply[]

/** An error reply: its first word is the code, such as NOPERM. */
export class RespError {
  readonly line: string

  constructor(line: string) {
    this.line = line
  }
}

/** A first line: a status, an error, or the length of what follows. */
const MOST_LINE_BYTES = 4_096
/** Items of one list, and lists in each other. A message of pub/sub has four. */
const MOST_ITEMS = 100
const DEEPEST = 4
const CR_LF = Buffer.from('\r\n')
/** Thrown inside {@link createRespReader} where a value has not come whole. */
const INCOMPLETE = Symbol('incomplete')

/** Reads values of RESP2 from the segments in which they come. */
export interface RespReader {
  /** Takes the next segment; returns the values that are whole now. @throws SourceProblem */
  add(segment: Buffer): readonly Reply[]
}

/**
 * Makes the reader of a connection. A value of more than `mostBytes` is `answer_too_large`, before it is there: what has come of an
 * unfinished value is all that is kept. Segments are only collected until the length that is known to be missing is there.
 */
export function createRespReader(mostBytes: number): RespReader {
  let segments: Buffer[] = []
  let waiting = 0
  /** Bytes that have to be there before it is worth to look again. */
  let needed = 1

  return {
    add(segment) {
      segments.push(segment)
      waiting += segment.length
      if (waiting < needed) return []
      const unread = Buffer.concat(segments)
      const values: Reply[] = []
      let at = 0
      needed = 1
      while (at < unread.length) {
        const cursor = { at, missing: 1 }
        try {
          values.push(readValue(unread, cursor, mostBytes, 0))
        } catch (error) {
          if (error !== INCOMPLETE) throw error
          needed = unread.length - at + cursor.missing
          break
        }
        if (cursor.at - at > mostBytes) throw new SourceProblem('answer_too_large')
        at = cursor.at
      }
      if (unread.length - at > mostBytes || needed > mostBytes) throw new SourceProblem('answer_too_large')
      // A copy: the rest must not hold the segments before it in memory.
      segments = at === unread.length ? [] : [Buffer.from(unread.subarray(at))]
      waiting = unread.length - at
      return values
    },
  }
}

interface Cursor {
  at: number
  /** Bytes without which the value can not be whole. */
  missing: number
}

function readValue(unread: Buffer, cursor: Cursor, mostBytes: number, depth: number): Reply {
  const { type, line } = readLine(unread, cursor)
  if (type === '+') return Buffer.from(line)
  if (type === '-') return new RespError(line)
  if (!/^-?\d{1,18}$/.test(line)) throw new SourceProblem('answer_unreadable')
  const number = Number(line)
  if (type === ':') return number
  if (number < 0) return null
  if (type === '$') {
    if (number > mostBytes) throw new SourceProblem('answer_too_large')
    const end = cursor.at + number
    if (unread.length < end + CR_LF.length) {
      cursor.missing = end + CR_LF.length - unread.length
      throw INCOMPLETE
    }
    const value = Buffer.from(unread.subarray(cursor.at, end))
    cursor.at = end + CR_LF.length
    return value
  }
  if (number > MOST_ITEMS || depth >= DEEPEST) throw new SourceProblem('answer_too_large')
  return Array.from({ length: number }, () => readValue(unread, cursor, mostBytes, depth + 1))
}

function readLine(unread: Buffer, cursor: Cursor): { readonly type: string; readonly line: string } {
  const { at } = cursor
  if (at >= unread.length) throw INCOMPLETE
  const type = String.fromCharCode(unread[at] ?? 0)
  if (!'+-:$*'.includes(type)) throw new SourceProblem('answer_unreadable')
  const end = unread.indexOf(CR_LF, at)
  // Without its end, the last byte may be the first one of CR LF.
  const lineBytes = (end < 0 ? unread.length - 1 : end) - at
  if (lineBytes > MOST_LINE_BYTES) throw new SourceProblem('answer_too_large')
  if (end < 0) throw INCOMPLETE
  cursor.at = end + CR_LF.length
  return { type, line: unread.toString('latin1', at + 1, end) }
}
