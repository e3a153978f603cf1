import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readCorpus, targetOf, writeFailure } from './corpus.ts'
import { type Failure, failureOf } from './failure.ts'
import { fuzz, type LoopOptions } from './loop.ts'
import { mutateBody, parsed } from './mutate/body.ts'
import { readOptions } from './options.ts'
import { patientValues } from './properties/patient.ts'
import { fold, unescaped } from './properties/read.ts'
import { createRandom } from './random.ts'
import { hold, type OpenTarget, PropertyViolation, type Target } from './target.ts'
import { watch } from './watch.ts'

/** Fails only with three keys at once: found only by a loop that keeps inputs with one key, then two. */
const TOY: Target = {
  name: 'toy',
  extension: 'json',
  batch: 8,
  thoroughOneIn: 4,
  maxSteps: () => 1_000,
  seeds: () => [],
  mutate: (input, other, random) => mutateBody(input, other, random, ['a', 'b', 'c']),
  open: async () => toyWith([]),
}

const toyWith = (seen: string[]): OpenTarget => ({
  async run(input) {
    seen.push(input.toString())
    const value = parsed(input)
    const has = (name: string) => typeof value === 'object' && value !== null && name in value
    hold(!(has('a') && has('b') && has('c')), 'card', () => 'all three')
    return [['a', 'b', 'c'].filter(has).join('')]
  },
  async close() {},
})

function loopOf(seed: number, runs: number, seen: string[] = []) {
  const failures: { property: string; detail: string; input: Uint8Array }[] = []
  const options: LoopOptions = {
    target: TOY,
    open: toyWith(seen),
    coverage: {
      sample: () => ({ fresh: false, steps: 0, note() {} }),
      total: () => ({ functions: 0, gaps: 0 }),
      forget() {},
      stop() {},
    },
    random: createRandom(seed),
    begin: [Buffer.from('{}')],
    over: (done) => done >= runs,
    onRun() {},
    onNew: undefined,
    onFailure: (failure) => failures.push(failure),
    onProgress() {},
  }
  return { done: fuzz(options), failures }
}

describe('the loop', () => {
  it('finds what takes several steps, reports it once, and makes it small', async () => {
    const { done, failures } = loopOf(1, 20_000)
    await done
    const reported = failures.filter(({ property }) => property === 'card')
    expect(reported).toHaveLength(1)
    expect(Object.keys(JSON.parse(Buffer.from(reported[0]?.input ?? []).toString())).sort()).toEqual(['a', 'b', 'c'])
    expect(reported[0]?.input.length).toBeLessThan(40)
  })

  it('makes the same inputs for the same seed, and others for another', async () => {
    const runs: string[][] = [[], [], []]
    for (const [i, seed] of [7, 7, 8].entries()) await loopOf(seed, 500, runs[i]).done
    expect(runs[0]?.length).toBeGreaterThan(400)
    expect(runs[1]).toEqual(runs[0])
    expect(runs[2]).not.toEqual(runs[0])
  })
})

describe('the properties', () => {
  it.each(['ZX1234567', 'zx1234567', 'Z\u200BX1234567', 'ZX١٢٣٤٥٦٧', 'ＺＸ１２３４５６７', '%5AX1234567'])(
    'take %s for the same value',
    (text) => {
      expect(fold(unescaped(text))).toBe('zx1234567')
    },
  )

  it('know patient fields however they are spelt and wherever they stand', () => {
    const data = { patient_id: 'ZX1111111', a: [{ 'Member-IDs': ['ZX2222222', 'error'] }], node: 'ZX3333333' }
    expect(patientValues(data)).toEqual(['zx1111111', 'zx2222222'])
  })
})

describe('the command', () => {
  it('says what is wrong with its arguments', () => {
    expect(readOptions(['--target', 'none'], '')).toContain('there is no target none')
    expect(readOptions(['--seconds', 'x'], '')).toContain('--seconds takes a whole number')
    expect(readOptions(['--nonsense'], '')).toContain('nonsense')
    expect(readOptions(['--seed', '5', '--target', 'render'], 'c')).toMatchObject({
      seed: 5,
      targets: ['render'],
      corpus: 'c',
    })
  })

  it('runs and prints its table, and notices a breakage', () => {
    const corpus = temporaryFolder()
    const command = (...args: string[]) =>
      spawnSync(process.execPath, ['fuzz/fuzz.ts', '--corpus', corpus, '--seed', '3', ...args], { encoding: 'utf8' })
    const whole = command('--target', 'silences', '--runs', '200')
    expect(whole.stdout).toMatch(/^silences +\d+ /m)
    expect(whole.stdout).toContain('every property held')
    expect(whole.status).toBe(0)
    expect(readdirSync(corpus)).toEqual([])
    const wrong = command('--break', 'size counted once', '--seconds', '30')
    expect(wrong.stdout).toContain('size counted once (render): noticed')
    expect(wrong.status).toBe(0)
    // Starts five processes, on a machine that may be busy.
  }, 240_000)
})

describe('the watch', () => {
  it.each([
    ['never ends', 'no end after 2 s', 2_000],
    ['takes all memory', 'more than 1500 MB of memory', 100_000],
  ])('ends a thread whose input %s, and knows which one it was', async (input, detail, longest) => {
    const failures: Failure[] = []
    const file = new URL('./testing/endless.ts', import.meta.url).href
    const work = {
      file,
      seed: 1,
      ms: undefined,
      runs: 10,
      begin: [Buffer.from('ends'), Buffer.from(input)],
      keep: false,
    }
    await watch(work, { progress() {}, found() {}, failure: (failure) => failures.push(failure) }, longest)
    expect(
      failures.map((failure) => [failure.property, failure.detail, Buffer.from(failure.input).toString()]),
    ).toEqual([['ends', detail, input]])
  })
})

describe('the corpus', () => {
  it('names an input by its hash, puts the error beside it, and knows its target by its folder', () => {
    const folder = temporaryFolder()
    const input = Buffer.from('{"a":1}')
    const target = { name: 'render', extension: 'input' }
    const failure = failureOf(new PropertyViolation('size', 'too large'), input, true)
    const path = writeFailure(folder, target, failure)
    expect(path).toMatch(/render\/[0-9a-f]{16}\.input$/)
    expect(readFileSync(`${path}.error.txt`, 'utf8')).toContain('size: too large')
    expect(readCorpus(folder, target).map((file) => file.input)).toEqual([input])
    expect(targetOf(path)).toBe('render')
    expect(targetOf('/tmp/other/x.json')).toBeUndefined()
  })
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
