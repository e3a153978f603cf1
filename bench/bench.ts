import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { breakagesNamed, UnknownBreakage } from '../breakages/breakage.ts'
import { ensureServices } from '../scripts/services/install.ts'
import { guard, privateFolder } from '../test/services/program.ts'
import { type BreakageResult, latestOf, tryBreakages } from './break.ts'
import { BREAKAGES } from './breakages.ts'
import type { Bench, Scenario } from './context.ts'
import { startServer } from './database.ts'
import { buildGateway, type Checkout, OWN_CHECKOUT, runCommand } from './gateway.ts'
import { describeMachine } from './machine.ts'
import { type BenchOptions, readOptions, type ScenarioName, USAGE, UsageError } from './options.ts'
import { startReceiver } from './receiver/receiver.ts'
import { type BenchResult, resultLines, type ScenarioResult } from './result.ts'
import { audit } from './scenarios/audit.ts'
import { embedded } from './scenarios/embedded.ts'
import { escalation } from './scenarios/escalation.ts'
import { growth } from './scenarios/growth.ts'
import { latency } from './scenarios/latency.ts'
import { pagers } from './scenarios/pagers.ts'
import { replicas } from './scenarios/replicas.ts'
import { storm } from './scenarios/storm.ts'
import { throughput } from './scenarios/throughput.ts'
import { checkTargets, targetLine } from './targets.ts'

const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  throughput,
  latency,
  storm,
  growth,
  embedded,
  replicas,
  audit,
  escalation,
  pagers,
}

const log = (line: string) => process.stderr.write(`${line}\n`)

/** Builds the gateway, runs the scenarios that were asked for, one after the other, and checks their figures against the targets. */
async function measure(options: BenchOptions, source: Checkout): Promise<BenchResult> {
  const folder = privateFolder('bench')
  const guardian = guard(folder, undefined)
  if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true })
  const checkout = buildGateway(source, join(folder, 'gateway'))
  const receiver = await startReceiver()
  try {
    const server = await startServer((url) => runCommand(checkout, ['migrate', 'up'], { DATABASE_URL: url }))
    try {
      const profile = options.profile === undefined ? undefined : resolve(options.profile)
      const bench: Bench = { ...options, checkout, source, receiver, server, folder, profile, log }
      const scenarios: ScenarioResult[] = []
      for (const name of options.only) scenarios.push(await runScenario(name, bench))
      return {
        date: new Date().toISOString(),
        command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
        rounds: options.rounds,
        quick: options.quick,
        sizes: options.sizes,
        machine: describeMachine(source, server.version),
        scenarios,
        targets: checkTargets(
          scenarios.flatMap((scenario) => scenario.figures),
          options,
        ),
      }
    } finally {
      await server.stop()
    }
  } finally {
    await receiver.stop()
    await guardian.release()
  }
}

async function runScenario(name: ScenarioName, bench: Bench): Promise<ScenarioResult> {
  const before = loadavg()[0] ?? 0
  const began = performance.now()
  const found = await SCENARIOS[name](bench)
  return { name, load: { before, after: loadavg()[0] ?? 0 }, seconds: (performance.now() - began) / 1000, ...found }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  const checkout = options.gateway === undefined ? OWN_CHECKOUT : { root: resolve(options.gateway) }
  if (options.breakage === 'list') {
    for (const { name, figure } of BREAKAGES) process.stdout.write(`${name.padEnd(32)}${figure}\n`)
    return 0
  }
  await ensureServices(log)
  if (options.breakage !== undefined) return await breakOnPurpose(options, checkout, options.breakage)
  const result = await measure(options, checkout)
  const out = options.out ?? 'bench.json'
  writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`${resultLines(result).join('\n')}\n\nwritten to ${out}\n`)
  return result.targets.some((target) => target.binding && !target.met) ? 1 : 0
}

/** Exit code 0 if every breakage was noticed. */
async function breakOnPurpose(options: BenchOptions, checkout: Checkout, name: string): Promise<number> {
  const folder = privateFolder('broken')
  const guardian = guard(folder, undefined)
  try {
    const results = await tryBreakages(
      breakagesNamed(BREAKAGES, name),
      checkout,
      folder,
      // Against the full targets, although the sizes are smaller.
      (copy, scenario) => measure({ ...options, quick: false, only: [scenario] }, copy),
      ({ breakage, whole, broken, noticed }) => {
        for (const [which, target] of [['whole ', whole] as const, ['broken', broken] as const])
          process.stdout.write(`${which}  ${target ? targetLine(target) : 'not measured'}\n`)
        process.stdout.write(`"${breakage}" was ${noticed ? 'noticed' : 'NOT noticed'}\n`)
      },
    )
    const noticed = results.filter((result) => result.noticed).length
    process.stdout.write(`${noticed} of ${results.length} breakages noticed\n`)
    if (options.out !== undefined) {
      const before = existsSync(options.out) ? (JSON.parse(readFileSync(options.out, 'utf8')) as BreakageResult[]) : []
      writeFileSync(options.out, `${JSON.stringify(latestOf(before, results), null, 2)}\n`)
    }
    return noticed === results.length ? 0 : 1
  } finally {
    await guardian.release()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  log(
    error instanceof UsageError || error instanceof UnknownBreakage
      ? `${error.message}\n\n${USAGE}`
      : error instanceof Error
        ? `${error.stack}`
        : String(error),
  )
  process.exitCode = 2
}
