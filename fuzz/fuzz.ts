import { fileURLToPath } from 'node:url'
import { UnknownBreakage } from '../breakages/breakage.ts'
import { tryBreakages } from './break.ts'
import { readOptions, USAGE } from './options.ts'
import { repeat } from './repeat.ts'
import { run } from './run.ts'

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

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof UnknownBreakage)) throw error
  process.stderr.write(`${error.message}\n`)
  return 2
})
