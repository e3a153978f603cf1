import { describe, expect, it } from 'vitest'
import { createAbortListeners } from './abort-listeners.ts'

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

describe('createAbortListeners', () => {
  it('runs every task that was not removed, once', () => {
    const whenAborted = createAbortListeners()
    const [first, second] = [new AbortController(), new AbortController()]
    const ran: string[] = []
    const run = (name: string) => () => {
      ran.push(name)
    }
    const twice = run('twice')
    whenAborted(first.signal, twice)
    whenAborted(first.signal, twice)()
    whenAborted(first.signal, run('called off'))()
    whenAborted(first.signal, run('kept'))
    whenAborted(second.signal, run('of another'))
    first.abort()
    first.abort()
    expect(ran).toEqual(['twice', 'kept'])
  })

  it('runs a task that another task adds, and not one that it removes', () => {
    const whenAborted = createAbortListeners()
    const { signal, abort } = abortable()
    const ran: string[] = []
    let callOff = () => {}
    whenAborted(signal, () => {
      ran.push('first')
      callOff()
      whenAborted(signal, () => {
        ran.push('added')
      })
    })
    callOff = whenAborted(signal, () => {
      ran.push('called off')
    })
    abort()
    expect(ran).toEqual(['first', 'added'])
  })

  it('adds one listener per signal', () => {
    const whenAborted = createAbortListeners()
    const { signal } = new AbortController()
    let added = 0
    signal.addEventListener = () => {
      added += 1
    }
    for (let nth = 0; nth < 20; nth += 1) whenAborted(signal, () => undefined)()
    expect(added).toBe(1)
  })
})
