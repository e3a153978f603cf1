import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { checkActions } from './checks/actions.ts'
import { checkAlerts } from './checks/alerts.ts'
import { checkAudit } from './checks/audit.ts'
import { checkBudget } from './checks/budget.ts'
import { checkDelivered } from './checks/delivered.ts'
import { checkOrder } from './checks/order.ts'
import { checkProcesses } from './checks/processes.ts'
import { type History, readHistory } from './checks/read.ts'
import { checkRecovery } from './checks/recovery.ts'
import { checkRepeats } from './checks/repeats.ts'
import { checkTiers } from './checks/tiers.ts'
import { checkTrail } from './checks/trail.ts'
import { PROMISE_NAMES, type PromiseName, type PromiseResult } from './promises.ts'
import type { ScenarioResult } from './summary.ts'

// The checker. It shares no code with the gateway: it reads the sender's log, the receiver's log, what was done and the rows
// of the database, and decides; only of the audit trail it takes what `audit verify` said. `node chaos/check.ts FOLDER` checks a history again, of one scenario or of a whole run.

const CHECKS: Readonly<Record<PromiseName, (history: History) => PromiseResult>> = {
  delivered: checkDelivered,
  repeats: checkRepeats,
  order: checkOrder,
  budget: checkBudget,
  audit: checkAudit,
  trail: checkTrail,
  processes: checkProcesses,
  actions: checkActions,
  tiers: checkTiers,
  alerts: checkAlerts,
  recovery: checkRecovery,
}

/** Checks the history of one scenario, and writes `result.json` beside it. */
export function checkScenario(folder: string): ScenarioResult {
  const history = readHistory(folder)
  const { facts } = history
  const promises = PROMISE_NAMES.filter((name) => facts.promises.includes(name)).map((name) => CHECKS[name](history))
  const countOf = (wanted: (line: History['timeline'][number]) => boolean) => history.timeline.filter(wanted).length
  const result: ScenarioResult = {
    scenario: facts.name,
    seed: facts.seed,
    form: facts.form,
    held: promises.length > 0 && promises.every(({ held }) => held),
    took_ms: facts.took,
    slowness: facts.slowness,
    counts: {
      events: history.accepted.length,
      notifications: history.accepted.reduce((sum, event) => sum + event.notifications.length, 0),
      refused_requests: history.refused,
      posts: history.posts.length,
      repeats: history.posts.filter(({ repeat }) => repeat).length,
      kills: countOf((line) => line.kind === 'signalled' && line.signal === 'SIGKILL'),
      stops: countOf((line) => line.kind === 'signalled' && line.signal === 'SIGTERM'),
      faults: countOf((line) => line.kind === 'fault'),
      faulty_answers: history.posts.filter(({ how }) => how !== 'ok' && how !== 'unanswered').length,
      clicks: history.clicks.length,
      digests: [...history.notifications.values()].filter(({ event_type }) => event_type === 'gateway.digest').length,
    },
    notes: history.timeline.flatMap((line) =>
      line.kind === 'note' && !line.note.startsWith('replayed ') ? [line.note] : [],
    ),
    promises,
  }
  writeFileSync(join(folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`)
  return result
}

/** One line for each promise, with its first violations. */
export function resultLines(result: ScenarioResult): string {
  const { counts } = result
  const head = `${result.held ? 'held  ' : 'BROKEN'} ${result.scenario} (seed ${result.seed}, ${(result.took_ms / 1000).toFixed(0)} s, slowness ${result.slowness}: ${Object.entries(
    counts,
  )
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name.replaceAll('_', ' ')}`)
    .join(', ')})`
  const lines = result.promises.flatMap(({ promise, held, counts: checked, violations, examples }) => [
    `  ${held ? 'held  ' : 'BROKEN'} ${promise.padEnd(10)} ${Object.entries(checked)
      .map(([name, count]) => `${name.replaceAll('_', ' ')} ${count}`)
      .join(', ')}`,
    ...(violations > 0
      ? [`         ${violations} times, such as:`, ...examples.map((example) => `         - ${example}`)]
      : []),
  ])
  return [head, ...result.notes.slice(0, 10).map((note) => `  note   ${note}`), ...lines].join('\n')
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? '')
  const folders = existsSync(join(folder, 'scenario.json'))
    ? [folder]
    : readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'scenario.json')))
        .map((entry) => join(folder, entry.name))
        .sort()
  if (process.argv[2] === undefined || folders.length === 0) {
    console.error('usage: node chaos/check.ts FOLDER (of a run, or of one of its scenarios)')
    process.exit(2)
  }
  const scenarios = folders.map(checkScenario)
  for (const result of scenarios) console.log(resultLines(result))
  process.exitCode = scenarios.every(({ held }) => held) ? 0 : 1
}
