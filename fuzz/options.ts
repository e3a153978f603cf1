import { parseArgs } from 'node:util'
import { isTarget, TARGET_NAMES, type TargetName } from './targets/table.ts'

/** What the command was asked for. */
export interface Options {
  readonly targets: readonly TargetName[]
  /** Of fuzzing, all targets together. */
  readonly seconds: number
  /** Inputs of each target instead of a time. */
  readonly runs: number | undefined
  readonly seed: number
  /** Threads at once. */
  readonly jobs: number
  /** Begins with nothing but what the tables give. */
  readonly fresh: boolean
  /** Writes what entered new blocks to the corpus. */
  readonly keep: boolean
  readonly corpus: string
  /** A file of a corpus to run once. */
  readonly repeat: string | undefined
  /** Name of a breakage, or `all`. */
  readonly breakage: string | undefined
}

/** How the command is called. */
export const USAGE = `npm run fuzz -- [options]
  --target NAME    ${TARGET_NAMES.join(', ')}; may be given more than once (default: all)
  --seconds N      of fuzzing, shared by the targets (default: 60)
  --runs N         inputs of each target, instead of a time
  --seed N         for the same inputs again (default: from the clock; printed)
  --jobs N         threads at once (default: 1)
  --fresh          begin without the corpus
  --keep           write inputs that enter new blocks to the corpus
  --corpus FOLDER  (default: fuzz/corpus)
  --repeat FILE    run one input of a corpus, and say how it goes
  --break NAME     break the gateway on purpose in a copy, and see whether that is noticed; "all" for each`

/** Reads the command line; a text says what is wrong with it. */
export function readOptions(args: readonly string[], corpus: string): Options | string {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    return error instanceof Error ? error.message : 'arguments that can not be read'
  }
  const number = (name: 'seconds' | 'runs' | 'seed' | 'jobs') => {
    const given = values[name]
    if (given === undefined) return undefined
    return /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
  }
  const numbers = { seconds: number('seconds'), runs: number('runs'), seed: number('seed'), jobs: number('jobs') }
  for (const [name, value] of Object.entries(numbers)) if (Number.isNaN(value)) return `--${name} takes a whole number`
  const unknown = values.target?.find((name) => !isTarget(name))
  if (unknown !== undefined) return `there is no target ${unknown}; there are ${TARGET_NAMES.join(', ')}`
  return {
    targets: values.target?.filter(isTarget) ?? TARGET_NAMES,
    seconds: numbers.seconds ?? 60,
    runs: numbers.runs,
    seed: numbers.seed ?? Date.now() % 1_000_000_000,
    jobs: Math.max(1, numbers.jobs ?? 1),
    fresh: values.fresh,
    keep: values.keep,
    corpus: values.corpus ?? corpus,
    repeat: values.repeat,
    breakage: values.break,
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      corpus: { type: 'string' },
      repeat: { type: 'string' },
      break: { type: 'string' },
    },
  })
}
