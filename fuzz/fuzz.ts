import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UnknownBreakage } from '../breakages/breakage.ts'
import { tryBreakages } from './break.ts'
import { targetOf } from './corpus.ts'
import { failureOf } from './failure.ts'
import { readOptions, USAGE } from './options.ts'
import { type Print, run } from './run.ts'
import { PROPERTIES } from './target.ts'
import { loadTarget, TARGET_NAMES, TARGETS } from './targets/table.ts'

/**
 * The command. Exit code 0 when every property held, 1 when one did not (with `--break`: when a breakage was not
 * noticed), 2 for wrong usage.
 */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), fileURLToPath(new URL('./corpus', import.meta.url)))
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}\n`)
    return 2
  }
  if (options.repeat !== undefined) return (await repeat(options.repeat, print)) ? 0 : 1
  if (options.breakage !== undefined) return (await tryBreakages(options.breakage, options, print)) ? 0 : 1
  return (await run(options, print)) === 0 ? 0 : 1
}

/** Runs one file of a corpus, thoroughly; resolves with whether every property held. */
async function repeat(path: string, print: Print): Promise<boolean> {
  const name = targetOf(path)
  if (name === undefined) {
    print(`${path} is in no folder of a target (${TARGET_NAMES.join(', ')})`)
    return false
  }
  const input = readFileSync(path)
  const open = await (await loadTarget(TARGETS[name])).open()
  try {
    const since = performance.now()
    const traits = await open.run(input, true)
    print(`${name}: every property held for ${input.length} bytes, in ${(performance.now() - since).toFixed(0)} ms`)
    for (const trait of traits) print(`  ${trait}`)
    return true
  } catch (error) {
    const { property, detail } = failureOf(error, input, true)
    print(`${name}: ${PROPERTIES[property]}`)
    print(`  ${detail}`)
    if (error instanceof Error) print(error.stack ?? '')
    return false
  } finally {
    await open.close()
  }
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof UnknownBreakage)) throw error
  process.stderr.write(`${error.message}\n`)
  return 2
})
