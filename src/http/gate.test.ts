import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createGate, type GateLimits } from './gate.ts'

const LIMITS: GateLimits = { running: 2, runningOfCaller: 1, waiting: 4, waitingOfCaller: 3, maxWaitMs: 60_000 }
const { signal: CONNECTED } = new AbortController()
const request = (caller: string, cost = 1, disconnected = CONNECTED) => ({ caller, cost, disconnected })

/** Work that goes on until it is let go. */
function work() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  return {
    begun: begun.promise,
    end: resolve,
    run: () => {
      begun.resolve()
      return promise
    },
  }
}

describe('a gate', () => {
  it('lets callers take turns, also while one has more requests waiting', async () => {
    const gate = createGate({ ...LIMITS, running: 1 })
    const done: string[] = []
    const ask = (caller: string, name: string) => gate.run(request(caller), async () => void done.push(name))
    await Promise.all([ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1')])
    expect(done).toEqual(['a1', 'a2', 'b1', 'a3'])
  })

  it('limits the running requests of one caller, and runs those of others meanwhile', async () => {
    const gate = createGate(LIMITS)
    const [first, second, other] = [work(), work(), work()]
    const all = [
      gate.run(request('a'), first.run),
      gate.run(request('a'), second.run),
      gate.run(request('b'), other.run),
    ]
    await other.begun
    let early = true
    second.begun.then(() => expect(early).toBe(false))
    other.end()
    await all[2]
    early = false
    first.end()
    await second.begun
    second.end()
    await Promise.all(all)
  })

  it('refuses requests above the limits of waiting ones, of a caller and in all', async () => {
    const gate = createGate({ ...LIMITS, running: 1 })
    const first = work()
    const all = [gate.run(request('a'), first.run)]
    for (const caller of ['a', 'a', 'a', 'b']) all.push(gate.run(request(caller), async () => undefined))
    const refused = { code: 'gateway_busy' }
    await expect(gate.run(request('a'), async () => undefined)).rejects.toMatchObject(refused)
    await expect(gate.run(request('c'), async () => undefined)).rejects.toMatchObject(refused)
    first.end()
    await Promise.all(all)
    expect(await gate.run(request('c'), async () => 'again')).toBe('again')
  })

  it('does not run or count a waiting request whose caller has disconnected', async () => {
    const gate = createGate({ ...LIMITS, running: 1, waiting: 1 })
    const first = work()
    const running = gate.run(request('a'), first.run)
    const gone = new AbortController()
    const waiting = gate.run(request('b', 1, gone.signal), async () => expect.unreachable())
    gone.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'caller_gone' })
    const next = gate.run(request('c'), async () => 'c')
    first.end()
    await running
    expect(await next).toBe('c')
  })

  it('refuses a request that has waited for maxWaitMs', async () => {
    const gate = createGate({ ...LIMITS, running: 1, maxWaitMs: 1 })
    const first = work()
    const running = gate.run(request('a'), first.run)
    await expect(gate.run(request('b'), async () => undefined)).rejects.toMatchObject({ code: 'gateway_busy' })
    first.end()
    await running
  })

  it('runs a request that costs more than the limit, alone', async () => {
    const gate = createGate(LIMITS)
    const costly = work()
    let over = false
    const first = gate.run(request('a', 10), costly.run)
    const second = gate.run(request('b'), async () => over)
    await costly.begun
    over = true
    costly.end()
    await first
    expect(await second).toBe(true)
  })

  it('lets no small request overtake a large one at the head of the queue', async () => {
    const gate = createGate(LIMITS)
    const begun: string[] = []
    const [first, second] = [work(), work()]
    const running = [gate.run(request('a'), first.run), gate.run(request('b'), second.run)]
    const ask = (caller: string, cost: number) => gate.run(request(caller, cost), async () => void begun.push(caller))
    const waiting = [ask('large', 2), ask('small 1', 1), ask('small 2', 1)]
    first.end()
    await running[0]
    // The gate admits requests that fit one turn of the event loop earlier.
    await nextTurn()
    expect(begun).toEqual([])
    second.end()
    await Promise.all([...running, ...waiting])
    expect(begun).toEqual(['large', 'small 1', 'small 2'])
  })

  it('starts a second waiting request of a caller as soon as it fits, although no running request ends', async () => {
    const gate = createGate({ ...LIMITS, runningOfCaller: 2, maxWaitMs: 5_000 })
    const [costly, one, two] = [work(), work(), work()]
    const first = gate.run(request('a', 2), costly.run)
    const others = [gate.run(request('b'), one.run), gate.run(request('b'), two.run)]
    costly.end()
    await first
    await expect(Promise.race([Promise.all([one.begun, two.begun]), ...others])).resolves.toHaveLength(2)
    one.end()
    two.end()
    await Promise.all(others)
  })

  it('starts a waiting request in a later turn of the event loop', async () => {
    const gate = createGate({ ...LIMITS, running: 1 })
    const order: string[] = []
    const one = gate.run(request('a'), async () => {
      setImmediate(() => order.push('probe'))
    })
    const two = gate.run(request('b'), async () => void order.push('work'))
    await Promise.all([one, two])
    expect(order).toEqual(['probe', 'work'])
  })
})
