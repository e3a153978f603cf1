import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { breakagesNamed, copyBroken } from '../breakages/breakage.ts'
import { BREAKAGES, type FuzzBreakage } from './breakages.ts'
import type { Options } from './options.ts'
import type { Print } from './run.ts'
import { PROPERTIES } from './target.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** What fuzzing needs in a copy besides the gateway. */
const FUZZ_PATHS = ['fuzz', 'breakages', 'test/cards']

/** What became of one breakage. */
interface Noticed {
  readonly breakage: FuzzBreakage
  /** The property that failed; undefined where none of those that should did. */
  readonly property: string | undefined
  readonly seconds: number
}

/**
 * Breaks the gateway in a copy and fuzzes that, for the named breakage or for `all`. Resolves with whether each was
 * noticed, by the right target and the right property.
 */
export async function tryBreakages(name: string, options: Options, print: Print): Promise<boolean> {
  const results: Noticed[] = []
  for (const breakage of breakagesNamed(BREAKAGES, name)) {
    const result = await tryBreakage(breakage, options)
    results.push(result)
    const { property, seconds } = result
    const how = property === undefined ? 'NOT NOTICED' : `noticed after ${seconds.toFixed(0)} s: ${property}`
    print(`${breakage.name} (${breakage.target}): ${how}`)
  }
  return results.every(({ property }) => property !== undefined)
}

async function tryBreakage(breakage: FuzzBreakage, { seconds, seed, fresh }: Options): Promise<Noticed> {
  const copy = mkdtempSync(join(tmpdir(), 'fuzz-break-'))
  try {
    copyBroken(breakage, ROOT, copy, FUZZ_PATHS)
    const wanted = breakage.properties.map((property) => PROPERTIES[property])
    const args = ['fuzz/fuzz.ts', '--target', breakage.target, '--seconds', String(seconds), '--seed', String(seed)]
    return { breakage, ...(await firstFailure(copy, fresh ? [...args, '--fresh'] : args, wanted)) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/**
 * Runs the fuzzer until it tells of one of the properties, or ends. What fails in the source as it is as well says nothing
 * of the breakage, so each input is run there too.
 */
function firstFailure(cwd: string, args: readonly string[], wanted: readonly string[]) {
  return new Promise<{ property: string | undefined; seconds: number }>((resolve, reject) => {
    const since = performance.now()
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let property: string | undefined
    let seconds = 0
    let checks = Promise.resolve()
    const check = async (text: string, file: string, noticedAfter: number) => {
      if (property !== undefined || !(await holdsUnbroken(join(cwd, file)))) return
      property = text
      seconds = noticedAfter
      child.kill('SIGKILL')
    }
    const lines = createInterface({ input: child.stdout })
    let failed: string | undefined
    lines.on('line', (line) => {
      output += `${line}\n`
      if (line.startsWith('FAILED ')) failed = wanted.find((text) => line.endsWith(text))
      const file = /--repeat (.+)$/.exec(line)?.[1]
      if (failed === undefined || file === undefined) return
      const text = failed
      const noticedAfter = (performance.now() - since) / 1_000
      checks = checks.then(() => check(text, file, noticedAfter)).catch(reject)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => {
      checks
        .then(() => {
          // A copy that does not even start shows nothing of the fuzzer.
          if (property === undefined && code !== 0 && code !== 1) throw new Error(`it ended with ${code}:\n${output}`)
          resolve({ property, seconds })
        })
        .catch(reject)
    })
  })
}

/** Whether every property holds for an input in the source as it is. */
function holdsUnbroken(file: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['fuzz/fuzz.ts', '--repeat', file], { cwd: ROOT, stdio: 'ignore' })
    child.on('error', reject)
    child.on('close', (code) => resolve(code === 0))
  })
}
