import { afterEach, describe, expect, it, vi } from 'vitest'
import { createLease } from './lease.ts'

/** Holds up the whole process, so that no timer and no answer gets through. */
const holdUp = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

describe('createLease', () => {
  afterEach(() => void vi.useRealTimers())

  it('is alive from its first renewal to a second before its end, without any timer', () => {
    const lease = createLease(1_100)
    expect(lease.alive()).toBe(false)
    lease.renewing()()
    expect(lease.alive()).toBe(true)
    holdUp(120)
    expect(lease.alive()).toBe(false)
    lease.renewing()()
    expect(lease.alive()).toBe(true)
  })

  it('counts from the moment at which the renewal was sent, and keeps the latest', () => {
    const lease = createLease(1_100)
    const early = lease.renewing()
    holdUp(120)
    early()
    expect(lease.alive()).toBe(false)
    lease.renewing()()
    early()
    expect(lease.alive()).toBe(true)
  })

  it('ends by the wall clock, as after suspend, and is alive again when that is set back', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const lease = createLease(8_000)
    lease.renewing()()
    vi.setSystemTime(Date.now() - 3_600_000)
    expect(lease.alive()).toBe(true)
    vi.setSystemTime(Date.now() + 3_608_000)
    expect(lease.alive()).toBe(false)
  })

  it('ends for good with end(), which aborts its signal', () => {
    const lease = createLease(Number.POSITIVE_INFINITY)
    lease.renewing()()
    expect([lease.alive(), lease.ended.aborted]).toEqual([true, false])
    lease.end()
    lease.renewing()()
    expect([lease.alive(), lease.ended.aborted]).toEqual([false, true])
  })
})
