import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { breakagesNamed, UnknownBreakage } from '../breakages/breakage.ts'
import { ensureServices } from '../scripts/services/install.ts'
import { runBreakage } from './break.ts'
import { BREAKAGES } from './breakages.ts'
import { resultLines } from './check.ts'
import { describeMachine } from './machine.ts'
import { runScenario } from './run-scenario.ts'
import type { Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import type { Form } from './setup.ts'
import type { BreakageResult, BreakageSummary, NotPlayed, ScenarioResult, Summary } from './summary.ts'

const USAGE = `usage: npm run chaos -- [options]
  --short          the short form: about two minutes
  --only NAME      this scenario only (may be given several times)
  --seed N         the seed of every random choice; a new one if absent, and printed
  --out FOLDER     where the history goes; a temporary folder if absent
  --jobs N         scenarios played at a time (3 in the short form, else 1)
  --root FOLDER    the checkout whose gateway is tried; this one if absent
  --break NAME     breaks the gateway on purpose first, to show that it is noticed; "all" for each breakage in turn
  --list           names scenarios and breakages`

const OPTIONS = {
  short: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  seed: { type: 'string' },
  out: { type: 'string' },
  jobs: { type: 'string' },
  root: { type: 'string' },
  break: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    process.exit(2)
  }
}

const values = readOptions()
const root = resolve(values.root ?? fileURLToPath(new URL('..', import.meta.url)))
const form: Form = values.short ? 'short' : 'full'

const closers = new Set<() => Promise<void>>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.log('stops, and takes down what it started …')
    void Promise.allSettled([...closers].map((close) => close())).then(() => process.exit(130))
  })

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const chosen = choose(values.only)
  if (!chosen) return 2
  if (values.list) {
    for (const { name, does, short } of SCENARIOS)
      console.log(`${name.padEnd(20)} ${short ? 'short' : '     '}  ${does}`)
    for (const { name, does, promise } of BREAKAGES) console.log(`--break ${name.padEnd(26)} ${promise}: ${does}`)
    return 0
  }
  const seed = values.seed ?? String(Math.floor(Math.random() * 1e6))
  const out = values.out === undefined ? mkdtempSync(join(tmpdir(), 'claimlinc-chaos-')) : resolve(values.out)
  mkdirSync(out, { recursive: true })
  const services = await ensureServices(console.log)
  if (values.break !== undefined) return breakOnPurpose(values.break, seed, out, services)
  console.log(`chaos, ${form} form, ${chosen.length} scenarios, seed ${seed}, history in ${out}`)
  const began = Date.now()
  const scenarios: ScenarioResult[] = []
  const notPlayed: NotPlayed[] = []
  const queue = [...chosen]
  const jobs = Number(values.jobs ?? (form === 'short' ? 3 : 1))
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
        const result = await play(scenario, seed, out)
        if ('why' in result) notPlayed.push(result)
        else scenarios.push(result)
      }
    }),
  )
  const held = scenarios.every((result) => result.held) && notPlayed.length === 0
  const summary: Summary = {
    held,
    form,
    seed,
    date: new Date(began).toISOString(),
    took_s: Math.round((Date.now() - began) / 1000),
    machine: await describeMachine(root, services),
    scenarios: scenarios.sort((a, b) => order(a.scenario) - order(b.scenario)),
    not_played: notPlayed,
  }
  writeFileSync(join(out, 'run.json'), `${JSON.stringify(summary, null, 2)}\n`)
  const broken = scenarios.filter((result) => !result.held).map(({ scenario }) => scenario)
  console.log(
    `${scenarios.length - broken.length} held, ${broken.length} broken${broken.length > 0 ? ` (${broken.join(', ')})` : ''}, ${notPlayed.length} not played; ${summary.took_s} s; seed ${seed}`,
  )
  return held ? 0 : 1
}

/** Exit code 0 if every breakage was noticed. */
async function breakOnPurpose(name: string, seed: string, out: string, services: string): Promise<number> {
  const chosen = breakagesNamed(BREAKAGES, name)
  console.log(`tries ${chosen.length} breakages, seed ${seed}, history in ${out}`)
  const began = Date.now()
  const scenarios: BreakageResult[] = []
  for (const breakage of chosen) {
    const result = await runBreakage(breakage, { root, seed, out, progress: createProgress(breakage.name), closers })
    scenarios.push(result)
    console.log(
      `${result.noticed ? 'noticed    ' : 'NOT NOTICED'} ${result.name.padEnd(26)} ${result.promise}, in ${result.scenario}: ${result.example}`,
    )
  }
  const summary: BreakageSummary = {
    seed,
    date: new Date(began).toISOString(),
    took_s: Math.round((Date.now() - began) / 1000),
    machine: await describeMachine(root, services),
    breakages: scenarios,
  }
  writeFileSync(join(out, 'breakages.json'), `${JSON.stringify(summary, null, 2)}\n`)
  const noticed = scenarios.filter((result) => result.noticed).length
  console.log(`${noticed} of ${scenarios.length} noticed; ${summary.took_s} s; seed ${seed}`)
  return noticed === scenarios.length ? 0 : 1
}

function choose(names: readonly string[] | undefined): readonly Scenario[] | undefined {
  if (!names) return SCENARIOS.filter(({ short }) => short || form === 'full')
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name))
  if (unknown.length === 0) return SCENARIOS.filter(({ name }) => names.includes(name))
  console.error(
    `There is no scenario ${unknown.join(', ')}. There are: ${SCENARIOS.map(({ name }) => name).join(', ')}.`,
  )
  return undefined
}

async function play(scenario: Scenario, seed: string, out: string): Promise<ScenarioResult | NotPlayed> {
  const why = await scenario.missing?.()
  if (why !== undefined) {
    console.log(`NOT PLAYED ${scenario.name}: ${why}`)
    return { scenario: scenario.name, why }
  }
  const progress = createProgress(scenario.name)
  try {
    const result = await runScenario({
      scenario,
      form,
      seed,
      folder: join(out, scenario.name),
      root,
      version: 'this checkout',
      progress,
      closers,
    })
    console.log(resultLines(result))
    return result
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    console.log(`NOT PLAYED ${scenario.name}: ${text}`)
    return { scenario: scenario.name, why: text.split('\n')[0] ?? text }
  }
}

/** Prints progress at most every ten seconds, with the scenario's name: scenarios may run side by side. */
function createProgress(name: string): (text: string) => void {
  let last = Date.now()
  return (text) => {
    if (Date.now() - last < 10_000) return
    last = Date.now()
    console.log(`       ${name}: ${text}`)
  }
}

const order = (name: string) => SCENARIOS.findIndex((scenario) => scenario.name === name)

process.exit(
  await main().catch((error: unknown) => {
    if (!(error instanceof UnknownBreakage)) throw error
    console.error(error.message)
    return 2
  }),
)
