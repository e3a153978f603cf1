import type { Coverage } from './coverage.ts'
import { causeOf, type Failure, failureOf } from './failure.ts'
import { minimised } from './minimise.ts'
import type { Random } from './random.ts'
import { type OpenTarget, PropertyViolation, type Target } from './target.ts'

/** Counts of a loop. */
export interface Tally {
  readonly runs: number
  readonly thoroughRuns: number
  /** Functions of the source that were entered, and stretches in them that never ran. */
  readonly functions: number
  readonly gaps: number
  /** Inputs that are kept, those it began with among them. */
  readonly pool: number
  /** The inputs that took longest, in ms: for a person to look at; no property depends on them. */
  readonly slowest: readonly { readonly ms: number; readonly bytes: number; readonly input: Uint8Array }[]
  /** The largest part of the allowed steps that an input took, of those that were sampled alone. */
  readonly steps: number
}

/** What a loop needs. */
export interface LoopOptions {
  readonly target: Target
  readonly open: OpenTarget
  readonly coverage: Coverage
  readonly random: Random
  /** The corpus; the target's own seeds come before it. */
  readonly begin: readonly Buffer[]
  /** True when it is time to end. */
  readonly over: (runs: number) => boolean
  /** Called before each input is run, so that the watch knows which one did not end. */
  readonly onRun: (input: Buffer) => void
  /** Called at the end with the inputs that the corpus lacks; without it they are not determined. */
  readonly onNew: ((input: Buffer) => void) | undefined
  readonly onFailure: (failure: Failure) => void
  readonly onProgress: (tally: Tally) => void
}

interface Trial {
  readonly input: Buffer
  readonly thorough: boolean
}

/** Most different failures of one run. */
const MAX_FAILURES = 20

/** Largest input, in bytes, that goes into the repository; what only a larger one shows is found anew each time. */
const MAX_KEPT_BYTES = 4_096

/**
 * Runs inputs until it is over: first those it begins with, then changed ones. An input that enters a block of the
 * source that none before it entered, or ends in a way in which none did, is kept and changed further.
 *
 * Inputs share a coverage sample. Only if the sample has something new is the batch run again, by halves, to find
 * out which input it was. The same seed makes the same inputs, under any load of the machine.
 */
export async function fuzz(options: LoopOptions): Promise<Tally> {
  const { target, open, coverage, random } = options
  const pool: Buffer[] = []
  const covering: Buffer[] = []
  const seen = { traits: new Set<string>(), causes: new Set<string>() }
  const slowest: { ms: number; bytes: number; input: Uint8Array }[] = []
  let runs = 0
  let thoroughRuns = 0
  let highestSteps = 0

  /** Inputs of the current batch that ended in a new way. */
  const fresh = new Set<Buffer>()

  async function run({ input, thorough }: Trial): Promise<void> {
    options.onRun(input)
    runs += 1
    if (thorough) thoroughRuns += 1
    const since = performance.now()
    try {
      for (const trait of await open.run(input, thorough)) {
        if (!seen.traits.has(trait)) fresh.add(input)
        seen.traits.add(trait)
      }
    } catch (error) {
      await failed(failureOf(error, input, thorough))
    }
    const ms = performance.now() - since
    if (ms > (slowest.at(-1)?.ms ?? 0) || slowest.length < 3) {
      slowest.push({ ms, bytes: input.length, input })
      slowest.sort((a, b) => b.ms - a.ms)
      slowest.splice(3)
    }
  }

  /** Reports a failure, in its smallest form, unless one with the same cause was reported. */
  async function failed(failure: Failure): Promise<void> {
    const cause = causeOf(failure)
    if (seen.causes.has(cause) || seen.causes.size >= MAX_FAILURES) return
    seen.causes.add(cause)
    options.onFailure(await minimised(failure, open))
  }

  /** `covers`: it ran what none before it did, and not only ended in a new way. */
  const keep = (input: Buffer, covers: boolean) => {
    if (pool.some((known) => known.equals(input))) return
    pool.push(input)
    if (covers) covering.push(input)
  }

  /** The inputs that the corpus lacks: the smaller ones first, each that runs what the ones before it do not. */
  async function sendNewInputs(onNew: (input: Buffer) => void): Promise<void> {
    const known = [...target.seeds(), ...options.begin]
    const old = new Set(known.map((input) => input.toString('base64')))
    const found = covering
      .filter((input) => input.length <= MAX_KEPT_BYTES && !old.has(input.toString('base64')))
      .sort((a, b) => a.length - b.length)
    coverage.forget()
    for (const input of [...known, ...found]) {
      await run({ input, thorough: true })
      const sample = coverage.sample()
      sample.note()
      if (sample.fresh && !old.has(input.toString('base64'))) onNew(input)
    }
  }

  /** Runs a batch and takes a sample; if it has something new, runs it again by halves to find the input. */
  async function runBatch(batch: readonly Trial[]): Promise<void> {
    const [only, ...others] = batch
    if (only === undefined) return
    for (const trial of batch) await run(trial)
    const sample = coverage.sample()
    const allowed = allowedFor(batch)
    if (others.length === 0) {
      sample.note()
      if (sample.fresh || fresh.has(only.input)) keep(only.input, sample.fresh)
      // The first runs also fill caches; only a repeated figure counts.
      if (sample.steps > allowed && (await stepsOf(only)) > allowed) await tooManySteps(only, sample.steps)
      else highestSteps = Math.max(highestSteps, Math.min(1, sample.steps / allowed))
      return
    }
    if (!sample.fresh && sample.steps <= allowed) {
      for (const { input } of batch) if (fresh.has(input)) keep(input, false)
      return
    }
    const middle = batch.length >> 1
    await runBatch(batch.slice(0, middle))
    await runBatch(batch.slice(middle))
    // What only the batch showed, such as the first use of a cache, belongs to no input.
    sample.note()
  }

  const allowedFor = (batch: readonly Trial[]) =>
    batch.reduce((sum, { input }) => sum + target.maxSteps(input.length), 0)

  async function stepsOf({ input, thorough }: Trial): Promise<number> {
    await open.run(input, thorough).catch(() => [])
    return coverage.sample().steps
  }

  async function tooManySteps({ input, thorough }: Trial, steps: number): Promise<void> {
    const detail = `${steps} steps for ${input.length} bytes, where ${target.maxSteps(input.length)} are allowed`
    await failed(failureOf(new PropertyViolation('steps', detail), input, thorough))
  }

  const tally = (): Tally => ({
    runs,
    thoroughRuns,
    ...coverage.total(),
    pool: pool.length,
    slowest,
    steps: highestSteps,
  })

  // All of these are kept, so it does not matter which of them had something new.
  const thoroughIsSlow = target.thoroughOneIn > 100
  const seeds = target
    .seeds()
    .map((input): Trial => ({ input, thorough: !thoroughIsSlow || random.oneIn(target.thoroughOneIn) }))
  const corpus = options.begin.map((input): Trial => ({ input, thorough: random.oneIn(target.thoroughOneIn) }))
  const begin = [...seeds, ...corpus]
  for (let i = 0; i < begin.length && !options.over(runs); i += target.batch) {
    const batch = begin.slice(i, i + target.batch)
    for (const trial of batch) await run(trial)
    const sample = coverage.sample()
    sample.note()
    if (sample.steps > allowedFor(batch)) await runBatch(batch)
    for (const { input } of batch) keep(input, false)
    options.onProgress(tally())
  }
  while (pool.length > 0 && !options.over(runs)) {
    const batch = Array.from({ length: target.batch }, (): Trial => {
      // Of what was found last, most is still to be found.
      const recent = pool.length - 1 - random.whole(Math.ceil(pool.length / 4))
      const parent = random.oneIn(2) ? random.pick(pool) : (pool[recent] ?? random.pick(pool))
      return { input: target.mutate(parent, random.pick(pool), random), thorough: random.oneIn(target.thoroughOneIn) }
    })
    fresh.clear()
    await runBatch(batch)
    options.onProgress(tally())
  }
  const result = tally()
  if (options.onNew) await sendNewInputs(options.onNew)
  return result
}
