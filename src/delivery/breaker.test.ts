import { describe, expect, it } from 'vitest'
import { OUTCOMES, type OutcomeName } from '../contract/outcomes.ts'
import type { ChannelState } from '../store/claim.ts'
import type { Outcome } from '../transports/transport.ts'
import { afterOutcome, type RestRules } from './breaker.ts'
import { decideRetry } from './decide-retry.ts'

const NOW = new Date('2026-11-21T10:00:00Z')
const RULES: RestRules = { threshold: 3, firstProbeDelay: 5_000, longestDelay: 60_000, longestRetryAfter: 3_600_000 }
const RETRY = { maxRetries: 3, backoff: (retry: number) => retry * 1_000 }
const RESTED: ChannelState = {
  tokens: 10,
  refilledAt: NOW,
  pausedUntil: undefined,
  breaker: 'closed',
  consecutiveFailures: 0,
  consecutivePauses: 0,
  failedProbes: 0,
  digestedAt: undefined,
}

const outcome = (name: OutcomeName, retryAfterMs?: number): Outcome => ({
  name,
  statusCode: undefined,
  retryAfterMs,
  errorCode: undefined,
  message: '',
})
const following = (state: ChannelState, ...names: OutcomeName[]) =>
  names.reduce((before, name) => afterOutcome(before, outcome(name), NOW, RULES), state)
const restMs = (state: ChannelState) => (state.pausedUntil?.getTime() ?? NOW.getTime()) - NOW.getTime()

describe('breaker', () => {
  it('opens after the threshold of failures in a row, and not before', () => {
    expect(following(RESTED, 'server_error', 'timed_out').breaker).toBe('closed')
    expect(following(RESTED, 'server_error', 'timed_out', 'connection_failed').breaker).toBe('open')
    expect(following(RESTED, 'server_error', 'server_error', 'accepted', 'server_error', 'server_error').breaker).toBe(
      'closed',
    )
  })

  it('opens at once when the destination itself is broken', () => {
    for (const name of ['unauthorized', 'gone', 'flow_off', 'redirected', 'tls_failed'] as const) {
      const state = following(RESTED, name)
      expect([name, state.breaker, restMs(state)]).toEqual([name, 'open', 5_000])
    }
  })

  it('rests twice as long after each failed probe, up to the longest rest', () => {
    let state = following(RESTED, 'gone')
    const rests: number[] = []
    for (let probe = 0; probe < 6; probe++) {
      state = following({ ...state, breaker: 'half_open', pausedUntil: undefined }, 'gone')
      rests.push(restMs(state))
    }
    expect(rests).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
  })

  it('is not changed by outcomes of the gateway itself, closed, open or half open', () => {
    const open = following(RESTED, 'gone')
    for (const state of [RESTED, following(RESTED, 'server_error'), open, { ...open, breaker: 'half_open' } as const])
      for (const name of ['render_failed', 'interrupted', 'handed_back'] as const)
        expect([name, following(state, ...Array<OutcomeName>(10).fill(name))]).toEqual([name, state])
  })

  it('closes when a probe is accepted, and when its card is refused with bad_request', () => {
    const probing: ChannelState = { ...following(RESTED, 'gone'), breaker: 'half_open', pausedUntil: undefined }
    expect(following(probing, 'accepted')).toMatchObject({ breaker: 'closed', consecutiveFailures: 0, failedProbes: 0 })
    expect(following(probing, 'bad_request').breaker).toBe('closed')
  })

  it('pauses for Retry-After without opening, and for doubling times without it', () => {
    const paused = afterOutcome(RESTED, outcome('rate_limited', 30_000), NOW, RULES)
    expect([paused.breaker, restMs(paused)]).toEqual(['closed', 30_000])
    expect(restMs(afterOutcome(RESTED, outcome('rate_limited', 99_999_999), NOW, RULES))).toBe(3_600_000)
    const withoutRetryAfter = [1, 2, 3].map((times) =>
      restMs(following(RESTED, ...Array<OutcomeName>(times).fill('rate_limited'))),
    )
    expect(withoutRetryAfter).toEqual([1_000, 2_000, 4_000])
  })

  it('counts the 429 answers to posts in flight together as one pause', () => {
    const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000)
    const pause = (state: ChannelState, seconds: number, begun: number) =>
      afterOutcome(state, outcome('rate_limited'), at(seconds), RULES, at(begun))
    let state = RESTED
    for (let answer = 0; answer < 10; answer++) state = pause(state, 1 + answer / 2, 0)
    // The last of them came 4.5 s after the first: its second of rest begins there.
    expect([state.consecutivePauses, state.pausedUntil]).toEqual([1, at(1 + 4.5 + 1)])
    state = pause(state, 8, 7)
    expect([state.consecutivePauses, state.pausedUntil]).toEqual([2, at(8 + 2)])
  })

  it('keeps the pause when other posts in flight are accepted', () => {
    const paused = afterOutcome(RESTED, outcome('rate_limited', 30_000), NOW, RULES)
    expect(restMs(following(paused, 'accepted', 'bad_request'))).toBe(30_000)
    expect(restMs(following(RESTED, 'gone', 'accepted'))).toBe(0)
  })

  it('starts with the shortest pause again after a card was accepted after the last pause', () => {
    const later = (state: ChannelState, name: OutcomeName) =>
      afterOutcome(state, outcome(name), new Date(NOW.getTime() + 10_000), RULES)
    const paused = following(RESTED, 'rate_limited', 'rate_limited')
    expect(paused.consecutivePauses).toBe(2)
    expect(later(paused, 'accepted')).toMatchObject({ consecutivePauses: 0, pausedUntil: undefined })
    expect(afterOutcome(paused, outcome('accepted'), paused.pausedUntil ?? NOW, RULES).consecutivePauses).toBe(0)
    // A refusal of one card says that the channel answers, not that it takes cards as fast as before.
    expect(later(paused, 'bad_request').consecutivePauses).toBe(2)
    expect(following(paused, 'accepted').consecutivePauses).toBe(2)
  })

  it('lengthens the next pause only for a post that began after the last pause', () => {
    const refused = (begun: number) =>
      afterOutcome(following(RESTED, 'rate_limited'), outcome('rate_limited'), NOW, RULES, new Date(begun))
    expect(refused(NOW.getTime()).consecutivePauses).toBe(1)
    expect(refused(NOW.getTime() + 1).consecutivePauses).toBe(2)
    const first = afterOutcome(RESTED, outcome('rate_limited'), NOW, RULES, new Date(NOW.getTime() - 1))
    expect(first).toMatchObject({ consecutivePauses: 1, pausedAt: NOW })
  })

  it('opens again for longer after one failed probe, and not for posts in flight when it opened', () => {
    const opened = following(RESTED, 'server_error', 'server_error', 'server_error')
    expect(opened).toMatchObject({ breaker: 'open', consecutiveFailures: 3, failedProbes: 0, tokens: RESTED.tokens })
    expect(following(opened, 'server_error')).toMatchObject({ breaker: 'open', failedProbes: 0 })
    const probing: ChannelState = { ...following(RESTED, 'gone'), breaker: 'half_open', pausedUntil: undefined }
    const again = following(probing, 'server_error')
    expect([again.breaker, again.failedProbes, restMs(again)]).toEqual(['open', 1, 10_000])
    expect(following(again, 'server_error')).toMatchObject({ failedProbes: 1 })
  })

  it('does not shorten a rest that was already longer', () => {
    const long = afterOutcome(RESTED, outcome('rate_limited', 60_000), NOW, RULES)
    expect(restMs(afterOutcome(long, outcome('rate_limited', 1_000), NOW, RULES))).toBe(60_000)
  })
})

describe('decideRetry', () => {
  it('decides every outcome of the table by its consequence', () => {
    for (const name of Object.keys(OUTCOMES) as OutcomeName[]) {
      const { consequence } = OUTCOMES[name]
      const decision = decideRetry(outcome(name), 0, false, RETRY)
      expect([name, decision.state]).toEqual([
        name,
        consequence === 'accepted' ? 'accepted' : consequence === 'failed' ? 'failed' : 'pending',
      ])
      if (consequence !== 'retry') expect(decision).toMatchObject({ failed: false, delayMs: 0, mayHaveArrived: false })
    }
  })

  it('uses up no retry for interrupted and handed_back', () => {
    for (const name of ['handed_back', 'interrupted'] as const)
      expect(decideRetry(outcome(name), RETRY.maxRetries, false, RETRY)).toMatchObject({
        state: 'pending',
        failed: false,
        delayMs: 0,
      })
  })

  it('retries up to maxRetries, then makes a dead letter', () => {
    const states = [0, 1, 2, 3].map((failures) => decideRetry(outcome('server_error'), failures, false, RETRY))
    expect(states.map((decision) => [decision.state, decision.delayMs, decision.failed])).toEqual([
      ['pending', 1_000, true],
      ['pending', 2_000, true],
      ['pending', 3_000, true],
      ['failed', 0, true],
    ])
    expect(states[3]?.reason).toBe('retries_exhausted')
  })

  it('uses up no retry while the channel rests', () => {
    for (let failures = 0; failures < 10; failures++)
      expect(decideRetry(outcome('server_error'), failures, true, RETRY)).toMatchObject({
        state: 'pending',
        failed: false,
      })
  })

  it('prefers Retry-After to the back-off', () => {
    expect(decideRetry(outcome('request_timeout', 42_000), 0, false, RETRY).delayMs).toBe(42_000)
  })

  it('keeps mayHaveArrived of the outcome, and drops it for accepted', () => {
    expect(decideRetry({ ...outcome('timed_out'), mayHaveArrived: true }, 0, false, RETRY).mayHaveArrived).toBe(true)
    expect(
      decideRetry({ ...outcome('connection_failed'), mayHaveArrived: false }, 0, false, RETRY).mayHaveArrived,
    ).toBe(false)
    expect(decideRetry({ ...outcome('accepted'), mayHaveArrived: true }, 0, false, RETRY).mayHaveArrived).toBe(false)
  })
})
