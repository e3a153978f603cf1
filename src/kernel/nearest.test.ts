import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nearestName } from './nearest.ts'

/** Optimal string alignment by its definition. */
function distanceOf(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)
  return Math.min(
    distanceOf(a.slice(0, -1), b) + 1,
    distanceOf(a, b.slice(0, -1)) + 1,
    distanceOf(a.slice(0, -1), b.slice(0, -1)) + (a.at(-1) === b.at(-1) ? 0 : 1),
    isSwap ? distanceOf(a.slice(0, -2), b.slice(0, -2)) + 1 : Number.POSITIVE_INFINITY,
  )
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 })

it('the nearest name is the first of those with the least edit distance, if that is near enough', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), name, fc.constantFrom(1, 2, 4), (names, given, most) => {
      const limit = Math.min(most, Math.max(1, Math.floor(given.length / 3)))
      const distances = names.map((one) => distanceOf(one, given))
      const least = Math.min(...distances)
      expect(nearestName(names, given, most)).toBe(least <= limit ? names[distances.indexOf(least)] : undefined)
    }),
  )
})

it.each([
  ['vault.unseal.copmlete', 'vault.unseal.complete'],
  ['vautl.unseal.completed', 'vault.unseal.complete'],
  ['vault.nuseal.compeltee', 'vault.unseal.complete'],
  ['avult.seal.detcted', 'vault.seal.detected'],
  ['vault.something.else', undefined],
])('the nearest name to %s is %s', (given, nearest) => {
  expect(nearestName(['celery.task.failed', 'vault.seal.detected', 'vault.unseal.complete'], given)).toBe(nearest)
})
