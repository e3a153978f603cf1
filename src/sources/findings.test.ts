import { describe, expect, it } from 'vitest'
import { changeFindings, type Finding, limitConditions, MORE, MOST_FINDINGS, readFindings } from './findings.ts'

const at = (seconds: number) => new Date(Date.parse('2026-11-30T10:00:00Z') + seconds * 1000)
const HOLD = { openAfterMs: 30_000, closeAfterMs: 60_000 }
const lag = { finding: 'lag', subject: 'replica-1', says: 'late' }

/** Looks at these seconds, each with what holds then. Returns what was opened and closed, by second. */
function looks(...each: readonly (readonly [number, readonly (typeof lag)[], ReadonlySet<string>?])[]) {
  let findings: readonly Finding[] = []
  const changed: string[] = []
  for (const [second, conditions, unknown] of each) {
    const changes = changeFindings(findings, conditions, at(second), { ...HOLD, ...(unknown ? { unknown } : {}) })
    findings = readFindings(JSON.parse(JSON.stringify(changes.findings)))
    changed.push(...changes.opened.map(({ finding }) => `${second} opened ${finding.subject}`))
    changed.push(...changes.closed.map(({ subject }) => `${second} closed ${subject}`))
  }
  return changed
}

describe('findings', () => {
  it('open once the condition has held, and close once it has been over', () => {
    expect(looks([0, [lag]], [29, [lag]], [30, [lag]], [60, [lag]], [90, []], [149, []], [150, []], [180, []])).toEqual(
      ['30 opened replica-1', '150 closed replica-1'],
    )
  })

  it('that come and go within these times make no event', () => {
    expect(looks([0, [lag]], [20, []], [40, [lag]], [60, []])).toEqual([])
    expect(looks([0, [lag]], [30, [lag]], [40, []], [90, [lag]], [120, []], [170, []])).toEqual(['30 opened replica-1'])
  })

  it('stay as they are while a look says nothing about them', () => {
    const unknown = new Set(['lag'])
    expect(looks([0, [lag]], [30, [lag]], [40, []], [500, [], unknown], [501, []])).toEqual([
      '30 opened replica-1',
      '501 closed replica-1',
    ])
  })

  it('stay as they are while it is not decided whether they are over, and open where they hold', () => {
    const open: Finding = { finding: 'lag', subject: 'replica-1', since: at(0).toISOString(), open: true }
    const undecided = () => true
    expect(changeFindings([open], [], at(500), { ...HOLD, undecided })).toEqual({
      findings: [open],
      opened: [],
      closed: [],
    })
    const pending = { ...open, open: false }
    expect(changeFindings([pending], [lag], at(30), { ...HOLD, undecided }).opened).toHaveLength(1)
  })

  it('are dated from when they were seen first, and survive a clock that is set back', () => {
    const { opened, findings } = changeFindings([], [lag], at(0), { openAfterMs: 0, closeAfterMs: 0 })
    expect(opened).toEqual([
      { finding: { finding: 'lag', subject: 'replica-1', since: at(0).toISOString(), open: true }, says: 'late' },
    ])
    expect(changeFindings(findings, [], at(-7_200), { openAfterMs: 0, closeAfterMs: 0 }).closed).toHaveLength(1)
  })

  it('count their holding times anew where the clock was set back', () => {
    expect(looks([0, [lag]], [-3_600, [lag]], [-3_571, [lag]], [-3_570, [lag]])).toEqual(['-3570 opened replica-1'])
    expect(looks([0, [lag]], [30, [lag]], [40, []], [-3_600, []], [-3_541, []], [-3_540, []])).toEqual([
      '30 opened replica-1',
      '-3540 closed replica-1',
    ])
  })

  it('whose subject is absent stay open for a day', () => {
    const open: Finding = { finding: 'lag', subject: 'replica-1', since: at(0).toISOString(), open: true }
    const closedAt = (seconds: number, absent: boolean) =>
      changeFindings([{ ...open, clearSince: at(0).toISOString() }], [], at(seconds), { ...HOLD, absent: () => absent })
        .closed
    expect(closedAt(86_399, true)).toEqual([])
    expect(closedAt(86_400, true)).toHaveLength(1)
    expect(closedAt(60, false)).toHaveLength(1)
  })

  it('whose subjects change at every look do not fill the checkpoint', () => {
    let findings: readonly Finding[] = []
    let opened = 0
    for (let look = 0; look < 20; look++) {
      const conditions = Array.from({ length: 40 }, (_, index) => ({ ...lag, subject: `look ${look} ${index}` }))
      const limited = limitConditions(conditions, findings, (finding, count) => `${finding}: ${count} more`)
      const changes = changeFindings(findings, limited, at(look), { openAfterMs: 0, closeAfterMs: 3_600_000 })
      findings = changes.findings
      opened += changes.opened.length
    }
    expect(findings).toHaveLength(MOST_FINDINGS + 1)
    expect(opened).toBe(MOST_FINDINGS + 1)
  })

  it('beyond the limit become one of their kind, and known ones keep their own', () => {
    const many = Array.from({ length: MOST_FINDINGS + 7 }, (_, index) => ({ ...lag, subject: `r${index}` }))
    const known: Finding = { finding: 'lag', subject: `r${MOST_FINDINGS + 6}`, since: at(0).toISOString(), open: true }
    const limited = limitConditions(many, [known], (finding, count) => `${finding}: ${count} more`)
    expect(limited).toHaveLength(MOST_FINDINGS + 1)
    expect(limited[0]?.subject).toBe(known.subject)
    expect(limited.at(-1)).toEqual({ finding: 'lag', subject: MORE, says: 'lag: 7 more' })
  })

  it.each([
    undefined,
    null,
    'text',
    {},
    [1, null, { finding: 'lag' }, { finding: 'lag', subject: '', since: 'never' }],
  ])('are none in a checkpoint with %j', (written) => {
    expect(readFindings(written as never)).toEqual([])
  })
})
