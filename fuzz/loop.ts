import type { Coverage } from './coverage.ts'
import { causeOf, type Failure, failureOf } from './failure.ts'
import { minimised } from './minimise.ts'
import type { Random } from './random.ts'
import { Broken, type OpenTarget, type Target } from './target.ts'

/** What a loop came to. */
export interface Tally {
  readonly runs: number
  readonly thoroughRuns: number
  /** Functions of the source that were entered, and stretches in them that never ran. */
  readonly functions: number
  readonly gaps: number
  readonly traits: number
  /** Inputs that are kept, those it began with among them. */
  readonly pool: number
  /** The inputs that took longest, in ms: to look at, not to judge by. */
  readonly slowest: readonly { readonly ms: number; readonly bytes: number; readonly input: Uint8Array }[]
  /** The largest part of the allowed steps that an input took, of those that were looked at alone. */
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
  /** Hears of each input before it is run, so that somebody knows which one it was if it never ends. */
  readonly onRun: (input: Buffer) => void
  /** Hears at the end of those that the corpus lacks; undefined spares that work. */
  readonly onNew: ((input: Buffer) => void) | undefined
  readonly onFailure: (failure: Failure) => void
  readonly onProgress: (tally: Tally) => void
}

interface Tried {
  readonly input: Buffer
  readonly thorough: boolean
}

/** Most different failures of a run: whoever has so many mends the first. */
const MOST_FAILURES = 20

/** Largest input, in bytes, that goes into the repository; what only a larger one shows is found anew each time. */
const LARGEST_KEPT = 4_096

/**
 * Runs inputs until it is over: first those it begins with, then changed ones. An input that enters a block of the
 * source that none before it entered, or ends in a way in which none did, is kept and changed further.
 *
 * Inputs share a look at coverage. Only where the look shows something new is the batch run again, by halves, to find
 * out which input it was. The same seed makes the same inputs, whatever the load of the machine.
 */
export async function fuzz(options: LoopOptions): Promise<Tally> {
  const { target, open, coverage, random } = options
  const pool: Buffer[] = []
  const covering: Buffer[] = []
  const seen = { traits: new Set<string>(), causes: new Set<string>() }
  const slowest: { ms: number; bytes: number; input: Uint8Array }[] = []
  let runs = 0
  let thoroughRuns = 0
  let mostSteps = 0

  /** Inputs of the batch under way that ended in a new way. */
  const fresh = new Set<Buffer>()

  async function run({ input, thorough }: Tried): Promise<void> {
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

  /** Tells of a failure, in its smallest form, unless one with the same cause was told of. */
  async function failed(failure: Failure): Promise<void> {
    const cause = causeOf(failure)
    if (seen.causes.has(cause) || seen.causes.size >= MOST_FAILURES) return
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
  async function distil(onNew: (input: Buffer) => void): Promise<void> {
    const known = [...target.seeds(), ...options.begin]
    const old = new Set(known.map((input) => input.toString('base64')))
    const found = covering
      .filter((input) => input.length <= LARGEST_KEPT && !old.has(input.toString('base64')))
      .sort((a, b) => a.length - b.length)
    coverage.forget()
    for (const input of [...known, ...found]) {
      await run({ input, thorough: true })
      const look = coverage.look()
      look.note()
      if (look.fresh && !old.has(input.toString('base64'))) onNew(input)
    }
  }

  /** Runs a batch and looks; where there is something new, finds out by halves whose it is. */
  async function runBatch(batch: readonly Tried[]): Promise<void> {
    const [only, ...others] = batch
    if (only === undefined) return
    for (const tried of batch) await run(tried)
    const look = coverage.look()
    const allowed = allowedFor(batch)
    if (others.length === 0) {
      look.note()
      if (look.fresh || fresh.has(only.input)) keep(only.input, look.fresh)
      // The first runs also fill caches; only a figure that comes again is one to judge by.
      if (look.steps > allowed && (await stepsOf(only)) > allowed) await tooManySteps(only, look.steps)
      else mostSteps = Math.max(mostSteps, Math.min(1, look.steps / allowed))
      return
    }
    if (!look.fresh && look.steps <= allowed) {
      for (const { input } of batch) if (fresh.has(input)) keep(input, false)
      return
    }
    const middle = batch.length >> 1
    await runBatch(batch.slice(0, middle))
    await runBatch(batch.slice(middle))
    // What only the batch showed, such as the first use of a cache, is nobody's.
    look.note()
  }

  const allowedFor = (batch: readonly Tried[]) =>
    batch.reduce((sum, { input }) => sum + target.mostSteps(input.length), 0)

  async function stepsOf({ input, thorough }: Tried): Promise<number> {
    await open.run(input, thorough).catch(() => [])
    return coverage.look().steps
  }

  async function tooManySteps({ input, thorough }: Tried, steps: number): Promise<void> {
    const detail = `${steps} steps for ${input.length} bytes, where ${target.mostSteps(input.length)} are allowed`
    await failed(failureOf(new Broken('steps', detail), input, thorough))
  }

  const tally = (): Tally => ({
    runs,
    thoroughRuns,
    ...coverage.total(),
    traits: seen.traits.size,
    pool: pool.length,
    slowest,
    steps: mostSteps,
  })

  // All of these are kept, so nobody needs to know which of them it was that showed something new.
  const dear = target.thoroughOneIn > 100
  const seeds = target.seeds().map((input): Tried => ({ input, thorough: !dear || random.oneIn(target.thoroughOneIn) }))
  const corpus = options.begin.map((input): Tried => ({ input, thorough: random.oneIn(target.thoroughOneIn) }))
  const begin = [...seeds, ...corpus]
  for (let i = 0; i < begin.length && !options.over(runs); i += target.batch) {
    const batch = begin.slice(i, i + target.batch)
    for (const tried of batch) await run(tried)
    const look = coverage.look()
    look.note()
    if (look.steps > allowedFor(batch)) await runBatch(batch)
    for (const { input } of batch) keep(input, false)
    options.onProgress(tally())
  }
  while (pool.length > 0 && !options.over(runs)) {
    const batch = Array.from({ length: target.batch }, (): Tried => {
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
  if (options.onNew) await distil(options.onNew)
  return result
}
