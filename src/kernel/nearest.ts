/** The longest text that is compared: a longer one is no typing error, and comparing costs length times length. */
const LONGEST = 200

/**
 * The one of `names` that `given` was most likely meant to be, for error texts: letter case does not count, and a third of
 * the letters, at most `most`, may differ. Undefined where nothing is near, since a far-fetched guess misleads.
 */
export function nearestName(names: Iterable<string>, given: string, most = 4): string | undefined {
  if (given === '' || given.length > LONGEST) return undefined
  const wanted = given.toLowerCase()
  let nearest: string | undefined
  let least = Math.min(most, Math.max(1, Math.floor(wanted.length / 3))) + 1
  for (const name of names) {
    const known = name.toLowerCase()
    // What differs in length by so much differs in as many letters; comparing costs a thousand times as much.
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
 * How many letters have to be added, left out or changed, or neighbours swapped, to get from `a` to `b`: two that changed
 * places are one slip of the fingers, and in a name of three letters two changes would be too many.
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
