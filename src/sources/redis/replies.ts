import type { SourceCode } from '../../contract/sources.ts'
import { SourceProblem } from '../source.ts'

/** INFO has some kilobytes. */
const MOST_BYTES = 2 ** 20
/** First lines of replies are short: a status, an error, or the length of what follows. */
const MOST_LINE_BYTES = 4_096
const CR_LF = Buffer.from('\r\n')

/** Reads the replies of RESP2 from the segments in which they come. */
export interface ReplyReader {
  /** Takes the next segment; returns the replies once all have come. @throws SourceProblem */
  add(segment: Buffer): readonly string[] | undefined
}

/**
 * Makes the reader of so many replies. Once the length of a reply is known, segments are only collected until it is there: with a look
 * at all bytes for each segment, a server that sends small ones would occupy the process.
 */
export function createReplyReader(count: number, hasSecret: boolean): ReplyReader {
  const replies: string[] = []
  let segments: Buffer[] = []
  let bytes = 0
  let waiting = 0
  /** Bytes that have to be there before it is worth to look again. */
  let needed = 1

  function read(unread: Buffer): void {
    let at = 0
    needed = 1
    while (replies.length < count) {
      if (at >= unread.length) break
      const type = String.fromCharCode(unread[at] ?? 0)
      if (!'+-$'.includes(type)) throw new SourceProblem('answer_unreadable')
      const end = unread.indexOf(CR_LF, at)
      const lineBytes = (end < 0 ? unread.length - 1 : end) - at
      if (lineBytes > MOST_LINE_BYTES) throw new SourceProblem('answer_too_large')
      if (end < 0) {
        needed = unread.length - at + 1
        break
      }
      const line = unread.toString('latin1', at + 1, end)
      if (type === '-') throw new SourceProblem(codeOfReply(line, hasSecret))
      if (type === '$' && /^\d{1,9}$/.test(line)) {
        const length = Number(line)
        if (length > MOST_BYTES) throw new SourceProblem('answer_too_large')
        const start = end + CR_LF.length
        if (unread.length < start + length + CR_LF.length) {
          needed = start + length + CR_LF.length - at
          break
        }
        replies.push(unread.toString('latin1', start, start + length))
        at = start + length + CR_LF.length
      } else if (type === '+') {
        replies.push(line)
        at = end + CR_LF.length
      } else throw new SourceProblem('answer_unreadable')
    }
    segments = [unread.subarray(at)]
    waiting = unread.length - at
  }

  return {
    add(segment) {
      bytes += segment.length
      if (bytes > MOST_BYTES) throw new SourceProblem('answer_too_large')
      segments.push(segment)
      waiting += segment.length
      if (waiting >= needed) read(Buffer.concat(segments))
      return replies.length === count ? replies : undefined
    },
  }
}

function codeOfReply(line: string, hasSecret: boolean): SourceCode {
  if (/^(WRONGPASS|NOAUTH)|AUTH /.test(line)) return hasSecret ? 'secret_refused' : 'secret_missing'
  if (line.startsWith('NOPERM')) return 'rights_missing'
  return /^(LOADING|BUSY|MASTERDOWN)|max number of clients/.test(line) ? 'busy' : 'refused'
}
