import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyBroken } from '../breakages/breakage.ts'
import type { ChaosBreakage } from './breakages.ts'
import { runScenario } from './run-scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import type { BreakageResult } from './summary.ts'

/** Copies the gateway, breaks the copy, plays the scenario that has to notice, and says whether it did. */
export async function runBreakage(
  breakage: ChaosBreakage,
  options: {
    readonly root: string
    readonly seed: string
    readonly out: string
    readonly progress: (text: string) => void
    readonly closers: Set<() => Promise<void>>
  },
): Promise<BreakageResult> {
  const scenario = SCENARIOS.find(({ name }) => name === breakage.scenario)
  if (!scenario) throw new Error(`The breakage "${breakage.name}" names an unknown scenario.`)
  const folder = join(options.out, breakage.name)
  const copy = join(folder, 'gateway')
  rmSync(folder, { recursive: true, force: true })
  copyBroken(breakage, options.root, copy)
  const result = await runScenario({
    scenario,
    form: 'short',
    seed: options.seed,
    folder: join(folder, scenario.name),
    root: copy,
    version: `broken: ${breakage.name}`,
    progress: options.progress,
    closers: options.closers,
  })
  rmSync(copy, { recursive: true, force: true })
  const promise = result.promises.find(({ promise }) => promise === breakage.promise)
  return {
    name: breakage.name,
    does: breakage.does,
    promise: breakage.promise,
    scenario: scenario.name,
    noticed: promise !== undefined && !promise.held,
    example: promise?.examples[0] ?? '',
  }
}
