import { describe, expect, it } from 'vitest'
import type { PromiseName } from '../promises.ts'
import { accept, attempt, checkMadeUp, type MadeUp, madeUp, T0 } from './made-up.ts'

const broken = (history: MadeUp) =>
  checkMadeUp(history)
    .promises.filter(({ held }) => !held)
    .map(({ promise }) => promise)

/** The history with one thing changed. */
function bent(change: (history: MadeUp) => void): MadeUp {
  const history = madeUp()
  change(history)
  return history
}

const row = (history: MadeUp, id: string) => history.notifications.find((one) => one.id === id) ?? {}
const post = (history: MadeUp, id: string, number = 1) =>
  history.posts.findIndex((one) => one.id === id && one.attempt === number)
const change = <T>(all: T[], index: number, to: Partial<T>) => {
  const one = all[index]
  if (one === undefined) throw new Error('there is no such line')
  all[index] = { ...one, ...to }
}
const drop = <T>(all: T[], index: number) => void all.splice(index, 1)

describe('a history in which all is well', () => {
  it('is held to be that', () => {
    expect(broken(madeUp())).toEqual([])
  })

  it('may have digests', () => {
    const history = bent((it) => {
      accept(it, 'member-1', 'INFO', 100)
      accept(it, 'member-2', 'INFO', 200)
      accept(it, 'digest', 'INFO', 14_500)
      drop(it.accepted, it.accepted.length - 1)
      change(it.events, it.events.length - 1, { origin: 'gateway', data: { count: 2 } })
      for (const id of ['member-1', 'member-2']) Object.assign(row(it, id), { state: 'digested', digest_id: 'digest' })
      attempt(it, 'digest', { number: 1, at: 15_000, via: 'g2-1' })
    })
    expect(broken(history)).toEqual([])
    const miscounted = structuredClone(history)
    change(miscounted.events, miscounted.events.length - 1, { data: { count: 3 } })
    expect(broken(miscounted)).toEqual(['delivered'])
  })
})

/** g1-1 was held up in place of killed, from 4 s to 15 s, while it had `repeated` in flight. */
function heldUp(it: MadeUp): void {
  change(it.timeline, 2, { kind: 'fault', fault: 'SIGSTOP', id: 1, on: 'g1', cuts: true, process: 'g1-1' } as object)
  change(it.timeline, 3, { t: T0 + 15_000, kind: 'mended', id: 1 } as object)
}
/** What its first attempt came to, as g1-1 has recorded it when it went on. */
const late = (it: MadeUp, outcome: string, status: number | null) =>
  change(it.attempts, 0, { outcome, status_code: status } as object)

describe('a process that was held up while another one took over', () => {
  it('may have the card sent again meanwhile, and records the outcome when it continues', () => {
    const history = bent((it) => {
      heldUp(it)
      late(it, 'accepted', 202)
    })
    expect(broken(history)).toEqual([])
  })

  it('may hand back what it had not begun', () => {
    const history = bent((it) => {
      heldUp(it)
      late(it, 'handed_back', null)
      drop(it.answers, post(it, 'repeated'))
      drop(it.posts, post(it, 'repeated'))
    })
    expect(broken(history)).toEqual([])
  })

  it('must not leave open what it knows', () => {
    expect(broken(bent(heldUp))).toEqual(['audit'])
  })

  it('must not say that it had not begun what it sent', () => {
    const history = bent((it) => {
      heldUp(it)
      late(it, 'handed_back', null)
    })
    expect(broken(history)).toEqual(['audit'])
  })

  it('must not send what the other has sent meanwhile', () => {
    const history = bent((it) => {
      heldUp(it)
      late(it, 'accepted', 202)
      change(it.posts, post(it, 'repeated'), { t: T0 + 15_100 })
      change(it.answers, post(it, 'repeated'), { t: T0 + 15_200 })
    })
    expect(broken(history)).toEqual(['repeats'])
  })

  it('must not have a card repeated that it has recorded as accepted', () => {
    const history = bent((it) => {
      heldUp(it)
      late(it, 'accepted', 202)
      change(it.posts, post(it, 'repeated', 2), { t: T0 + 16_500 })
      change(it.answers, post(it, 'repeated', 2), { t: T0 + 16_550 })
    })
    expect(broken(history)).toEqual(['repeats'])
  })
})

/** The record was away in place of the kill, from 4 s to 15 s, while g1-1 had `repeated` in flight. */
function parted(it: MadeUp): void {
  change(it.timeline, 2, {
    kind: 'fault',
    fault: 'PostgreSQL away',
    id: 1,
    on: 'postgres',
    cuts: true,
    process: undefined,
  } as object)
  change(it.timeline, 3, { t: T0 + 15_000, kind: 'mended', id: 1 } as object)
}

describe('a process that was parted from its record while it had a post in flight', () => {
  it('may have the card sent again, and records the outcome once the database is back', () => {
    const history = bent((it) => {
      parted(it)
      late(it, 'accepted', 202)
    })
    expect(broken(history)).toEqual([])
  })

  it('must not leave open what it knows', () => {
    expect(broken(bent(parted))).toEqual(['audit'])
  })

  it('may leave it open where it ended before the record was back', () => {
    const history = bent((it) => {
      parted(it)
      it.timeline.push({ t: T0 + 12_000, kind: 'signalled', signal: 'SIGKILL', process: 'g1-1' } as never)
    })
    expect(broken(history)).not.toContain('audit')
  })

  it('must not have a card repeated that it has recorded as accepted', () => {
    const history = bent((it) => {
      parted(it)
      late(it, 'accepted', 202)
      change(it.posts, post(it, 'repeated', 2), { t: T0 + 18_000 })
      change(it.answers, post(it, 'repeated', 2), { t: T0 + 18_050 })
    })
    expect(broken(history)).toEqual(['repeats'])
  })
})

const SILENCE = {
  id: 'quiet',
  kind: 'silence',
  matchers: [{ field: 'event_type', operator: '=', value: 'x.y' }],
  starts_at: '2026-11-21T09:00:00Z',
  ends_at: '2026-11-21T11:00:00Z',
}

/** The ordinary notification, kept back by a silence. */
function silenced(silence: object): (history: MadeUp) => void {
  return (it) => {
    it.silences.push({ ...SILENCE, ...silence })
    Object.assign(row(it, 'ordinary'), { state: 'suppressed', reason: 'silence', silence_id: 'quiet' })
  }
}

it('may have silences', () => {
  expect(broken(bent(silenced({})))).toEqual([])
})

/** What is changed, and the promises of which the checker then says that they are broken. */
/** Has one count as a repeat of another, and be about the same. */
function repeating(id: string, first: string): (history: MadeUp) => void {
  return (it) =>
    void Object.assign(row(it, id), {
      state: 'suppressed',
      reason: 'repeat',
      repeat_of: first,
      correlation_id: `c-${first}`,
    })
}

const BENT: readonly (readonly [string, (history: MadeUp) => void, readonly PromiseName[]])[] = [
  ['an accepted notification without a row', (it) => drop(it.notifications, 1), ['delivered', 'audit']],
  [
    'a row that says accepted where nothing was posted',
    (it) => {
      drop(it.answers, post(it, 'critical'))
      drop(it.posts, post(it, 'critical'))
    },
    ['delivered', 'audit'],
  ],
  ['a notification that still waits', (it) => Object.assign(row(it, 'ordinary'), { state: 'pending' }), ['delivered']],
  [
    'a digest that does not exist',
    (it) => Object.assign(row(it, 'ordinary'), { state: 'digested', digest_id: 'x' }),
    ['delivered'],
  ],
  [
    'a suppressed one that repeats nothing',
    (it) => Object.assign(row(it, 'ordinary'), { state: 'suppressed', reason: 'repeat' }),
    ['delivered'],
  ],
  ['a repeat of one that is less urgent', repeating('critical', 'ordinary'), ['delivered', 'audit']],
  [
    'a repeat of one that is about something else',
    (it) => {
      repeating('ordinary', 'critical')(it)
      Object.assign(row(it, 'ordinary'), { correlation_id: 'c-other' })
    },
    ['delivered', 'audit'],
  ],
  [
    'a repeat of one that was never shown',
    (it) => {
      repeating('ordinary', 'critical')(it)
      Object.assign(row(it, 'critical'), { state: 'suppressed', reason: 'muted' })
    },
    ['delivered', 'audit'],
  ],
  [
    'a silence that does not exist',
    (it) => Object.assign(row(it, 'ordinary'), { state: 'suppressed', reason: 'silence', silence_id: 'x' }),
    ['delivered'],
  ],
  ['a silence of something else', silenced({ matchers: [{ ...SILENCE.matchers[0], value: 'z' }] }), ['delivered']],
  ['a silence that was over', silenced({ ends_at: '2026-11-21T09:30:00Z' }), ['delivered']],
  [
    'a card that was refused in the body of a 2xx and counts as accepted',
    (it) => change(it.answers, post(it, 'critical'), { taken: false, how: 'refused_json' }),
    ['delivered', 'audit'],
  ],
  ['a repeat that does not say so', (it) => change(it.posts, post(it, 'repeated', 2), { repeat: false }), ['repeats']],
  [
    'a first post that says it is a repeat',
    (it) => change(it.posts, post(it, 'critical'), { repeat: true }),
    ['repeats'],
  ],
  [
    'a repeat although the attempt was recorded',
    (it) => attempt(it, 'ordinary', { number: 2, at: 16_000, via: 'g2-1', repeat: true }),
    ['repeats'],
  ],
  [
    'a repeat that no cut explains: the killed process was another one',
    (it) => change(it.posts, post(it, 'repeated'), { via: 'g2-1' }),
    ['repeats', 'audit'],
  ],
  [
    'a repeat although the answer had long been there before the kill',
    (it) => {
      change(it.posts, post(it, 'repeated'), { t: T0 + 1_000 })
      change(it.answers, post(it, 'repeated'), { t: T0 + 1_050 })
    },
    ['repeats', 'audit'],
  ],
  [
    'something less urgent that went while CRITICAL waited',
    (it) => change(it.attempts, 3, { started_at: new Date(T0 + 8_000).toISOString() }),
    ['order'],
  ],
  [
    'more cards than the bucket lets out',
    (it) => {
      for (let more = 0; more < 6; more++) {
        accept(it, `more-${more}`, 'INFO', 15_000)
        attempt(it, `more-${more}`, { number: 1, at: 15_500 + more, via: 'g2-1' })
      }
    },
    ['budget'],
  ],
  ['a post without an attempt row', (it) => drop(it.attempts, 2), ['audit']],
  ['another status on record', (it) => change(it.attempts, 2, { status_code: 200 }), ['audit']],
  [
    'a post of no notification',
    (it) => change(it.posts, post(it, 'critical'), { id: 'stranger' }),
    ['delivered', 'audit'],
  ],
  ['a body with a wrong signature', (it) => change(it.posts, post(it, 'critical'), { whole: false }), ['audit']],
  [
    'an event that was stored twice for one key',
    (it) => it.events.push({ id: 'twin', correlation_id: 'c-ordinary', origin: 'http:anonymous', data: {} }),
    ['audit'],
  ],
  ['a process that ended by itself', (it) => change(it.timeline, 3, { asked: null } as object), ['processes']],
  [
    'a process that did not end in an orderly way',
    (it) => change(it.timeline, 7, { code: 1 } as object),
    ['processes'],
  ],
  ['something that still waited at the end', (it) => change(it.timeline, 5, { waiting: 2 } as object), ['recovery']],
  [
    'something that came long after the last fault',
    (it) => change(it.timeline, 4, { t: T0 - 20_000 } as object),
    ['recovery'],
  ],
]

it('a repeat of one that is as urgent, about the same and seen is delivered', () => {
  expect(broken(bent(repeating('ordinary', 'critical')))).toEqual(['audit'])
})

describe('the checker notices', () => {
  it.each(BENT)('%s', (_name, bend, promises) => {
    expect(broken(bent(bend))).toEqual(promises)
  })
})

it('does not hold a promise for which there was nothing to look at', () => {
  const history = bent((it) => {
    it.accepted = []
    it.posts = []
    it.answers = []
    it.notifications = []
    it.attempts = []
    it.events = []
  })
  expect(broken(history)).toEqual(['delivered', 'repeats', 'order', 'budget', 'audit', 'recovery'])
})

describe('the audit trail', () => {
  const verified = (code: number, findings: object[], entries = 9) =>
    bent((it) => {
      it.verification = {
        code,
        printed: '',
        result: { intact: findings.length === 0, origins: [{ entries }], findings },
      }
    })

  it('has to be intact, and not empty', () => {
    expect(broken(verified(0, []))).toEqual([])
    expect(broken(verified(1, [{ code: 'row_differs' }]))).toEqual(['trail'])
    expect(broken(verified(0, [], 0))).toEqual(['trail'])
    expect(broken(verified(3, []))).toEqual(['trail'])
  })

  it('has to be verified', () => {
    const history = bent((it) => {
      it.verification = { code: 3, printed: 'the database is not reachable', result: undefined }
    })
    expect(broken(history)).toEqual(['trail'])
  })
})
