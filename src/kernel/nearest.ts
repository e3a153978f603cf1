/** Longer texts are not compared: they are no typing errors, and a comparison costs length times length. */
const MAX_COMPARED_CHARACTERS = 200

/**
 * Returns the one of `names` nearest to a misspelt name, for error texts. Letter case does not count. A third of the letters
 * may differ, at most `maxDistance`. Undefined where no name is as near as that, since a far-fetched guess misleads.
 */
export function nearestName(names: Iterable<string>, given: string, maxDistance = 4): string | undefined {
  if (given === '' || given.length > MAX_COMPARED_CHARACTERS) return undefined
  const wanted = given.toLowerCase()
  let nearest: string | undefined
  let least = Math.min(maxDistance, Math.max(1, Math.floor(wanted.length / 3))) + 1
  for (const name of names) {
    const known = name.toLowerCase()
    // The edit distance is at least the difference in length; computing it costs a hundred times as much.
    if (Math.abs(known.length - wanted.length) >= least) continue
    const distance = editDistance(wanted, known, least)
    if (distance < least) {
      nearest = name
      least = distance
    }
  }
  return nearest
}

/**
 * Edit distance of two names (optimal string alignment): insertions, deletions, substitutions and swaps of two neighbours,
 * which count once. A swap is one typing error, and in a name of three letters a distance of two would be too large.
 *
 * @param below a distance that is not below this may be returned as any number that is not: most names differ from their first letters on,
 *   and a request may have a thousand names to compare with each of a hundred
 */
function editDistance(a: string, b: string, below: number): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  let leastBefore = 0
  for (let i = 1; i <= a.length; i++) {
    const next = new Array<number>(b.length + 1).fill(below)
    next[0] = i
    let least = i
    // So far from the diagonal, it takes `below` insertions or deletions.
    for (let j = Math.max(1, i - below + 1); j <= Math.min(b.length, i + below - 1); j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const distance = Math.min(
        (row[j] ?? below) + 1,
        (next[j - 1] ?? below) + 1,
        (row[j - 1] ?? below) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? below) + 1 : below,
      )
      next[j] = distance
      least = Math.min(least, distance)
    }
    if (least >= below && leastBefore + 1 >= below) return below
    before = row
    row = next
    leastBefore = least
  }
  return row[b.length] ?? below
}
