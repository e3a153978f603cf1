import { describe, expect, it } from 'vitest'
import { isBlind, quietSince } from './blindness.ts'

const at = (seconds: number) => new Date(Date.parse('2026-11-30T10:00:00Z') + seconds * 1000)
const state = (unseen: number | undefined, held: number, failedHere: boolean) => ({
  unseenSince: unseen === undefined ? undefined : at(unseen),
  heldSince: at(held),
  failedHere,
})

describe('a source is blind', () => {
  it.each([
    ['never while it sees', state(undefined, 0, true), 9_999, false],
    ['not before its time', state(0, 0, true), 59, false],
    ['after its time', state(0, 0, true), 60, true],
    ['when it hangs, without a look that failed', state(0, 0, false), 60, true],
    ['not by the time in which no replica ran it', state(-7_200, 0, false), 5, false],
    ['by the time of the replica before, once it has looked itself', state(-55, 0, true), 5, true],
  ])('%s', (_, given, now, blind) => {
    expect(isBlind(given, at(now), 60_000)).toBe(blind)
  })
})

it.each([
  ['while its last look is recent', undefined, 0, 60, undefined],
  ['once its last look is too old', undefined, 0, 61, 0],
  ['where it counts as one that does not see anyway', 10, 0, 999, undefined],
  ['before its first look', undefined, undefined, 999, undefined],
])('a source has not looked %s', (_, unseen, seen, now, since) => {
  const dateOf = (seconds: number | undefined) => (seconds === undefined ? undefined : at(seconds))
  expect(quietSince({ unseenSince: dateOf(unseen), seenAt: dateOf(seen) }, at(now), 60_000)).toEqual(dateOf(since))
})
