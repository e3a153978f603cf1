import { Session } from 'node:inspector'

/** What ran since the last sample. */
export interface CoverageSample {
  /** Whether any of it had never run before, as far as was noted. */
  readonly fresh: boolean
  /** How often blocks were entered, all together: a measure of work that does not depend on the machine's load. */
  readonly steps: number
  /** Notes that all of it ran. */
  note(): void
}

/** Coverage of the source by this thread. */
export interface Coverage {
  sample(): CoverageSample
  /** Functions that were entered so far, and the stretches in them that never ran. */
  total(): { readonly functions: number; readonly gaps: number }
  /** Takes everything as never run. */
  forget(): void
  stop(): void
}

/** A stretch of a file, from `start` to before `end`. */
type Stretch = readonly [start: number, end: number]

/**
 * V8's own precise coverage of this thread, by block and with counts. It has to be started before the source is loaded.
 * A sample takes about 10 ms, since V8 walks its heap for it, and the code runs about half as fast as without: cheap
 * enough when many inputs share a sample. Rejected: Jazzer.js (docs/guides/fuzzing.md), and counters of our own in the
 * source as it is loaded, which would need a parser of TypeScript.
 *
 * What is kept of a function is where it never ran: V8 merges blocks that ran equally often, so the blocks themselves
 * look different for each input and say nothing.
 *
 * @param root URL of the folder whose files count
 */
export function startCoverage(root: string): Coverage {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const gaps = new Map<string, readonly Stretch[]>()
  return {
    sample() {
      const news = new Map<string, readonly Stretch[]>()
      let steps = 0
      // The answer comes before `post` returns: the session is one of the same thread.
      session.post('Profiler.takePreciseCoverage', (error, answer) => {
        if (error) throw error
        for (const { url, functions } of answer.result) {
          if (!url.startsWith(root)) continue
          for (const { ranges } of functions) {
            const [whole] = ranges
            if (whole === undefined || whole.count === 0) continue
            for (const { count } of ranges) steps += count
            const key = `${url}:${whole.startOffset}-${whole.endOffset}`
            const before = gaps.get(key)
            const after = inBoth(before ?? [[whole.startOffset, whole.endOffset]], gapsOf(ranges))
            if (before !== undefined && lengthOf(before) === lengthOf(after)) continue
            news.set(key, after)
          }
        }
      })
      return {
        fresh: news.size > 0,
        steps,
        note() {
          for (const [key, after] of news) gaps.set(key, inBoth(gaps.get(key) ?? after, after))
        },
      }
    },
    total: () => ({ functions: gaps.size, gaps: [...gaps.values()].reduce((sum, list) => sum + list.length, 0) }),
    forget: () => gaps.clear(),
    stop() {
      session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

/** Where a function did not run: an inner range counts for its stretch, and comes after the ones around it. */
function gapsOf(ranges: readonly Range[]): Stretch[] {
  const edges = [...new Set(ranges.flatMap(({ startOffset, endOffset }) => [startOffset, endOffset]))].sort(
    (a, b) => a - b,
  )
  const gaps: Stretch[] = []
  for (const [i, start] of edges.entries()) {
    const end = edges[i + 1]
    if (end === undefined) continue
    const inner = ranges.findLast((range) => range.startOffset <= start && range.endOffset >= end)
    if (inner?.count !== 0) continue
    const last = gaps.at(-1)
    if (last && last[1] === start) gaps[gaps.length - 1] = [last[0], end]
    else gaps.push([start, end])
  }
  return gaps
}

/** What lies in a stretch of both lists; each is in order and without overlaps. */
function inBoth(a: readonly Stretch[], b: readonly Stretch[]): Stretch[] {
  return a.flatMap(([start, end]) =>
    b.flatMap(([from, to]): Stretch[] =>
      from < end && to > start ? [[Math.max(start, from), Math.min(end, to)]] : [],
    ),
  )
}

function lengthOf(list: readonly Stretch[]): number {
  return list.reduce((sum, [start, end]) => sum + end - start, 0)
}
