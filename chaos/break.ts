import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Breakage } from './breakages.ts'
import { runScenario } from './run-scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import type { BreakageVerdict } from './summary.ts'

/** What a gateway needs to run from its source. */
const PARTS = ['src', 'templates', 'migrations', 'bin', 'package.json']

/** The source with a breakage's changes. @throws where a text is not there exactly once: the source has moved on */
export function broken(breakage: Breakage, read: (file: string) => string): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const { file, find, replace } of breakage.changes) {
    const parts = (files.get(file) ?? read(file)).split(find)
    if (parts.length !== 2)
      throw new Error(`The breakage "${breakage.name}" finds its text ${parts.length - 1} times in ${file}, not once.`)
    files.set(file, parts.join(replace))
  }
  return files
}

/** Copies the gateway, breaks the copy, plays the scenario that has to notice, and says whether it did. */
export async function runBreakage(
  breakage: Breakage,
  options: {
    readonly root: string
    readonly seed: string
    readonly out: string
    readonly progress: (text: string) => void
    readonly closers: Set<() => Promise<void>>
  },
): Promise<BreakageVerdict> {
  const scenario = SCENARIOS.find(({ name }) => name === breakage.scenario)
  if (!scenario) throw new Error(`The breakage "${breakage.name}" names an unknown scenario.`)
  const folder = join(options.out, breakage.name)
  const copy = join(folder, 'gateway')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  for (const part of PARTS) cpSync(join(options.root, part), join(copy, part), { recursive: true })
  symlinkSync(join(options.root, 'node_modules'), join(copy, 'node_modules'))
  for (const [file, text] of broken(breakage, (name) => readFileSync(join(copy, name), 'utf8')))
    writeFileSync(join(copy, file), text)
  const verdict = await runScenario({
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
  const judgement = verdict.judgements.find(({ promise }) => promise === breakage.promise)
  return {
    name: breakage.name,
    does: breakage.does,
    promise: breakage.promise,
    scenario: scenario.name,
    noticed: judgement !== undefined && !judgement.held,
    example: judgement?.examples[0] ?? '',
  }
}
