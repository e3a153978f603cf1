import { relative } from 'node:path'
import { readCorpus, writeFailure, writeInput } from './corpus.ts'
import type { Failure } from './failure.ts'
import type { Tally } from './loop.ts'
import type { Options } from './options.ts'
import { PROPERTIES, type Target } from './target.ts'
import { loadTarget, TARGETS, type TargetName } from './targets/table.ts'
import { watch } from './watch.ts'

/** One thread's share: a target, a seed, a time. */
interface Share {
  readonly target: TargetName
  readonly seed: number
  readonly ms: number
}

/** Where lines for people go: progress and failures at once, the table at the end. */
export type Print = (line: string) => void

/** Fuzzes as asked; resolves with the number of failures. */
export async function run(options: Options, print: Print): Promise<number> {
  const shares = sharesOf(options)
  const rows: string[][] = []
  let failures = 0
  print(`seed ${options.seed}; ${shares.map(({ target, ms }) => `${target} ${ms / 1_000} s`).join(', ')}`)
  const waiting = [...shares]
  const thread = async () => {
    for (let share = waiting.shift(); share !== undefined; share = waiting.shift()) {
      const result = await runShare(share, options, print)
      failures += result.failures
      rows.push(...result.rows)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, shares.length) }, thread))
  const header = [
    'target',
    'inputs',
    'a second',
    'thorough',
    'functions',
    'gaps',
    'kept',
    'steps',
    'slowest',
    'failures',
  ]
  print(table([header, ...rows]))
  print(
    failures === 0 ? 'every property held' : `${failures} failures; each is in the corpus, with its error beside it`,
  )
  return failures
}

/** Each target at least once; with more threads than targets, several times with seeds of their own. */
function sharesOf({ targets, seconds, seed, jobs }: Options): Share[] {
  const times = Math.ceil(jobs / targets.length)
  const all = Array.from({ length: times }, (_, i) => targets.map((target) => ({ target, seed: seed + i }))).flat()
  const ms = Math.round((seconds * 1_000 * Math.min(jobs, all.length)) / all.length)
  return all.map((share) => ({ ...share, ms }))
}

async function runShare(share: Share, options: Options, print: Print): Promise<{ failures: number; rows: string[][] }> {
  const target = await loadTarget(TARGETS[share.target])
  const begin = options.fresh ? [] : readCorpus(options.corpus, target).map(({ input }) => input)
  let added = 0
  let failures = 0
  let reportedAt = 0
  const started = Date.now()
  const { seed, ms } = share
  const work = {
    file: TARGETS[share.target].href,
    seed,
    ms: options.runs === undefined ? ms : undefined,
    runs: options.runs,
    begin,
    keep: options.keep,
  }
  const tally = await watch(work, {
    progress(tally) {
      if (Date.now() - reportedAt < 10_000) return
      reportedAt = Date.now()
      print(`${target.name}: ${tally.runs} inputs, ${tally.functions} functions entered, ${tally.pool} kept`)
    },
    found(input) {
      writeInput(options.corpus, target, input)
      added += 1
    },
    failure(failure) {
      failures += 1
      printFailure(failure, target, options.corpus, print)
    },
  })
  if (options.keep) print(`${target.name}: ${added} inputs added to the corpus`)
  const seconds = (Date.now() - started) / 1_000
  return { failures, rows: tally ? [rowOf(target.name, tally, seconds, failures)] : [] }
}

function printFailure(failure: Failure, target: Target, corpus: string, print: Print): void {
  const path = relative(process.cwd(), writeFailure(corpus, target, failure))
  print(`FAILED ${target.name}: ${PROPERTIES[failure.property]}`)
  print(`  ${failure.detail}`)
  for (const line of failure.where.slice(0, 4)) print(`    ${line}`)
  print(`  again with: node fuzz/fuzz.ts --repeat ${path}`)
}

function rowOf(name: string, tally: Tally, seconds: number, failures: number): string[] {
  const [slowest] = tally.slowest
  return [
    name,
    String(tally.runs),
    (tally.runs / seconds).toFixed(0),
    String(tally.thoroughRuns),
    String(tally.functions),
    String(tally.gaps),
    String(tally.pool),
    `${Math.round(tally.steps * 100)} %`,
    slowest ? `${slowest.ms.toFixed(0)} ms (${slowest.bytes} B)` : '',
    String(failures),
  ]
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
