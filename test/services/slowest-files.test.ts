import { describe, expect, it } from 'vitest'
import { slowestFiles } from '../../scripts/slowest-files.ts'

describe('the slowest test files', () => {
  const times = Array.from({ length: 12 }, (_, index) => ({ file: `${index}.test.ts`, ms: index * 1_000 }))

  it('are ten at most, the slowest first, below the sum of all files', () => {
    const [head, ...lines] = slowestFiles(times)
    expect(head).toBe('Slowest of 12 test files, which took 66.0 s one after the other:')
    expect(lines).toHaveLength(10)
    expect([lines[0], lines[9]]).toEqual(['   11.0 s  11.test.ts', '    2.0 s  2.test.ts'])
  })

  it('are not listed for a run of a few files', () => {
    expect(slowestFiles(times.slice(0, 3))).toEqual([])
  })
})
