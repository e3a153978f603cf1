import './node-version.js'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureServices } from './services/install.ts'
import { run } from './services/run.ts'
import { readTally, type Tally } from './services/tally.ts'
import { readPlan } from './test-plan.ts'
import { TIERS } from './tiers.ts'

// `npm test`, `npm run test:unit`, `npm run test:services` and `npm run coverage`: services, format and lint, types, tests;
// one line each, and the number of tests at the end.

const root = fileURLToPath(new URL('..', import.meta.url))
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` }
const plan = readPlan(process.argv.slice(2))
const reports = mkdtempSync(join(tmpdir(), 'claimlinc-teams-report-'))
process.once('exit', () => rmSync(reports, { recursive: true, force: true }))

const running = new Set<ChildProcess>()
let interrupted = false
// A signal ends the running steps and the services (see test/services/program.ts); the last line is printed all the same.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    interrupted = true
    for (const child of running) child.kill('SIGTERM')
  })

/** Exit codes of the steps that failed, in order. */
const failures: number[] = []

/** Runs one step and prints its result in one line; shows its output when it failed. */
async function step(name: string, work: () => Promise<{ code: number; output: string }>): Promise<boolean> {
  if (interrupted) return false
  const start = performance.now()
  const { code, output } = await work().catch((error: Error) => ({ code: 1, output: error.message }))
  const took = `${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(8)
  const line = `${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(9)}${took}`
  if (code !== 0) failures.push(code)
  console.log(code === 0 ? `${line}  ${output}`.trimEnd() : `${output}\n${line}`.trimStart())
  return code === 0
}

async function program(stdio: 'pipe' | 'inherit', name: string, ...args: readonly string[]) {
  const child = spawn(name, args, { cwd: root, env, stdio: ['ignore', stdio, stdio] })
  running.add(child)
  try {
    return await run(child)
  } finally {
    running.delete(child)
  }
}

async function check(name: string, ...args: readonly string[]) {
  const { code, output } = await program('pipe', name, ...args)
  return { code, output: code === 0 ? '' : output }
}

const needsServices = plan.tiers.some((tier) => TIERS[tier].services)
const ready =
  !needsServices ||
  (await step('services', async () => ({ code: 0, output: await ensureServices(console.log, plan.tiers) })))
// Side by side, the compiler in one thread: alone on two cores it takes 9 s of CPU in several threads and 5 s in one.
if (plan.checks)
  await Promise.all([
    step('lint', () => check('biome', 'check', '--error-on-warnings', '.')),
    step('types', () => check('tsc', '--noEmit', '--singleThreaded')),
  ])
const otherFailures = failures.length

let tally: Tally = { passed: 0, failed: 0, skipped: 0 }
if (ready)
  await step('tests', async () => {
    const report = join(reports, 'report.json')
    const reporters = [
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--reporter=./scripts/slowest-files.ts',
    ]
    const projects = plan.tiers.map((tier) => `--project=${tier}`)
    const { code } = await program('inherit', 'vitest', 'run', ...reporters, ...projects, ...plan.vitest)
    tally = readTally(report)
    if (code === 0 && tally.skipped > 0 && !plan.narrowed)
      return { code: 1, output: `${tally.skipped} tests were skipped. Every test runs, or it goes.` }
    return { code, output: '' }
  })

// Each other failed step counts as one failure, so that "0 failed" means that every step passed.
const untold = tally.failed === 0 && (failures.length > otherFailures || interrupted) ? 1 : 0
console.log(`${tally.passed} passed, ${tally.failed + otherFailures + untold} failed`)
process.exit(interrupted ? 130 : (failures[0] ?? 0))
