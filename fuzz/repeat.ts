import { readFileSync } from 'node:fs'
import { targetOf } from './corpus.ts'
import { failureOf } from './failure.ts'
import type { Print } from './run.ts'
import { PROPERTIES } from './target.ts'
import { loadTarget, TARGET_NAMES, TARGETS } from './targets/table.ts'

/** Runs one file of a corpus, thoroughly; resolves with whether every property held. */
export async function repeat(path: string, print: Print): Promise<boolean> {
  const name = targetOf(path)
  if (name === undefined) {
    print(`${path} lies in no folder of a target (${TARGET_NAMES.join(', ')})`)
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
