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
    // The edit distance is at least the difference in length; computing it costs a thousand times as much.
    if (Math.abs(known.length - wanted.length) >= least) continue
    const distance = editDistance(wanted, known)
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
 */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
