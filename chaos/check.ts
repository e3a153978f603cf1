import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { checkAudit } from './checks/audit.ts'
import { checkBudget } from './checks/budget.ts'
import { checkDelivered } from './checks/delivered.ts'
import { checkOrder } from './checks/order.ts'
import { checkProcesses } from './checks/processes.ts'
import { type History, readHistory } from './checks/read.ts'
import { checkRecovery } from './checks/recovery.ts'
import { checkRepeats } from './checks/repeats.ts'
import { PROMISE_NAMES, type PromiseName } from './promises.ts'
import type { Judgement, ScenarioVerdict } from './verdict.ts'

// The checker. It shares no code with the gateway: it reads the sender's log, the receiver's log, what was done and the rows
// of the database, and decides. `node chaos/check.ts FOLDER` judges a history again, of one scenario or of a whole run.

const CHECKS: Readonly<Record<PromiseName, (history: History) => Judgement>> = {
  delivered: checkDelivered,
  repeats: checkRepeats,
  order: checkOrder,
  budget: checkBudget,
  audit: checkAudit,
  processes: checkProcesses,
  recovery: checkRecovery,
}

/** Judges the history of one scenario, and writes `verdict.json` beside it. */
export function checkScenario(folder: string): ScenarioVerdict {
  const history = readHistory(folder)
  const { facts } = history
  const judgements = PROMISE_NAMES.filter((name) => facts.promises.includes(name)).map((name) => CHECKS[name](history))
  const deeds = (wanted: (line: History['deeds'][number]) => boolean) => history.deeds.filter(wanted).length
  const verdict: ScenarioVerdict = {
    scenario: facts.name,
    seed: facts.seed,
    form: facts.form,
    held: judgements.length > 0 && judgements.every(({ held }) => held),
    took_ms: facts.took,
    slowness: facts.slowness,
    counts: {
      events: history.accepted.length,
      notifications: history.accepted.reduce((sum, event) => sum + event.notifications.length, 0),
      refused_requests: history.refused,
      posts: history.posts.length,
      repeats: history.posts.filter(({ repeat }) => repeat).length,
      kills: deeds((line) => line.deed === 'signalled' && line.signal === 'SIGKILL'),
      stops: deeds((line) => line.deed === 'signalled' && line.signal === 'SIGTERM'),
      faults: deeds((line) => line.deed === 'fault'),
      faulty_answers: history.posts.filter(({ how }) => how !== 'ok' && how !== 'unanswered').length,
      digests: [...history.notifications.values()].filter(({ event_type }) => event_type === 'gateway.digest').length,
    },
    notes: history.deeds.flatMap((line) =>
      line.deed === 'note' && !line.note.startsWith('replayed ') ? [line.note] : [],
    ),
    judgements,
  }
  writeFileSync(join(folder, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`)
  return verdict
}

/** One line per promise, and what speaks against it. */
export function tellVerdict(verdict: ScenarioVerdict): string {
  const { counts } = verdict
  const head = `${verdict.held ? 'held  ' : 'BROKEN'} ${verdict.scenario} (seed ${verdict.seed}, ${(verdict.took_ms / 1000).toFixed(0)} s, slowness ${verdict.slowness}: ${Object.entries(
    counts,
  )
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name.replaceAll('_', ' ')}`)
    .join(', ')})`
  const lines = verdict.judgements.flatMap(({ promise, held, counts: seen, broken, examples }) => [
    `  ${held ? 'held  ' : 'BROKEN'} ${promise.padEnd(10)} ${Object.entries(seen)
      .map(([name, count]) => `${name.replaceAll('_', ' ')} ${count}`)
      .join(', ')}`,
    ...(broken > 0
      ? [`         ${broken} times, such as:`, ...examples.map((example) => `         - ${example}`)]
      : []),
  ])
  return [head, ...verdict.notes.slice(0, 10).map((note) => `  note   ${note}`), ...lines].join('\n')
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
  const verdicts = folders.map(checkScenario)
  for (const verdict of verdicts) console.log(tellVerdict(verdict))
  process.exitCode = verdicts.every(({ held }) => held) ? 0 : 1
}
