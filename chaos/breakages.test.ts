import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { broken } from './break.ts'
import { BREAKAGES } from './breakages.ts'
import { PROMISE_NAMES } from './promises.ts'
import { SCENARIOS } from './scenarios.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

describe.each(BREAKAGES)('the breakage $name', (breakage) => {
  it('finds its texts in the source, each once, and changes them', () => {
    const files = broken(breakage, read)
    expect(files.size).toBeGreaterThan(0)
    for (const [file, text] of files) expect(text).not.toBe(read(file))
  })

  it('names a scenario of the short form that judges its promise', () => {
    const scenario = SCENARIOS.find(({ name }) => name === breakage.scenario)
    expect(scenario?.short).toBe(true)
    expect(scenario?.promises).toContain(breakage.promise)
  })
})

describe('the breakages', () => {
  it('break every promise', () => {
    expect(PROMISE_NAMES.filter((name) => !BREAKAGES.some(({ promise }) => promise === name))).toEqual([])
  })

  it('are refused where the source has moved on', () => {
    const [first] = BREAKAGES
    expect(() => first && broken(first, () => 'something else')).toThrow(/0 times/)
  })
})
