import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BreakageResult } from './break.ts'
import { type Figure, shown } from './figures.ts'
import type { ScenarioName } from './options.ts'
import type { BenchResult, ScenarioResult } from './result.ts'
import type { TargetResult } from './targets.ts'

// `node bench/report.ts bench/results/FILE.json` writes docs/performance.md from the JSON of a run, and from the
// breakages.json beside it if there is one.

/** Title and text of each scenario in docs/performance.md. */
export const SECTIONS: Readonly<Record<ScenarioName, { readonly title: string; readonly text: string }>> = {
  throughput: {
    title: '(a) Throughput, and (e) memory under it',
    text: `The sender sends events of all types of the catalogue in turn, 100 per request, four requests at once, without a channel budget. The figures count from the first request to the last received card.

The **ceiling** is a bare script with \`pg\` and \`undici\` and none of the gateway's code, run in the same round. It writes the same rows in the same batches and posts the same bytes over as many connections, with one statement and one commit per step. Everything that can be prepared is prepared before. It checks nothing, renders nothing, signs nothing, keeps no budget and answers no HTTP request. The rows, bytes and batches are those of a real run of the gateway, counted by a trigger, and the rows of the ceiling are compared with them.

*Planned once* is the ceiling with one property of the gateway: its steps name the month's table, so that PostgreSQL does not plan each of them anew. *Large steps* is the ceiling with steps of ten cards, independent of the gateway's steps.`,
  },
  latency: {
    title: '(b) Latency of an idle gateway',
    text: 'The sender sends one event at a time, with a pause after each. A latency counts from before the request to the last received byte of each of its cards. It includes the check, the commit, the claim, the card and the post. *Accept* counts from the request to its answer.',
  },
  storm: {
    title: '(c) Storm, and (e) memory in it',
    text: 'The sender sends INFO events to one channel at the default budget (60 per minute, burst of 10), each in a request of its own. Every ten seconds it sends a CRITICAL event to the same channel, until every event is represented. An event is represented when its own card or the card of its digest is received. The percentiles of CRITICAL are of all rounds together.',
  },
  growth: {
    title: '(d) Growth',
    text: '(a) with 5 million notifications, their events and their attempts in 72 past months, compared with (a) without them, in the same round. Afterwards the retention drops the oldest month.',
  },
  embedded: {
    title: '(f) The embedded database',
    text: '(a) and (b) on PGlite: the database runs inside the gateway, on the same thread.',
  },
  replicas: {
    title: '(g) Replicas',
    text: 'Several processes run on one database, here all on the same few processors. Without a budget, the figure is notifications per second. With a small budget and three processes, the figures are the cards of a channel beyond the limit of its one bucket, and the used share of the bucket.',
  },
  audit: {
    title: '(h) The audit trail',
    text: '(a) and (b), compared with the same gateway without audit entries and without sealing, in the same round. Then 5 million entries with their rows (events of two notifications, accepted at the first attempt) are sealed by a gateway, and verified by `audit verify`: the tree with all entries, and then these with every row of the record.',
  },
  escalation: {
    title: '(i) Escalation',
    text: 'Open events of the priority HIGH, each with two tiers: the first is due for all of them when a gateway starts, the second 3 s after it. Their channel budget does not bind. Meanwhile two CRITICAL a second go to a channel that the first tier calls. *Longest tick* is the longest transaction that called tiers, from its BEGIN to its COMMIT. *Latest* is the longest time from when a tier was due, or the gateway listened, to the COMMIT that called it. *All called* counts from when the gateway listened. On PostgreSQL, and on the embedded database.',
  },
  pagers: {
    title: '(j) Pagers',
    text: 'Open events of the priority CRITICAL that call PagerDuty all at once. Its stand-in takes 120 requests in any minute, as PagerDuty says, and answers 429 to more; it tells by webhook that an alert is open. Events of one fingerprint are folded into one alert. *All opened* counts from the first request to the last webhook. *Pace* is the time in which the default budget (20 at once, 100 a minute) lets so many requests through, as a share of the time that they took.',
  },
}

/**
 * docs/performance.md for one result. `source` is the path of its JSON in the repository; `breakages` are the results of
 * breaking the gateway on purpose, empty if that was not tried.
 */
export function reportText(result: BenchResult, source: string, breakages: readonly BreakageResult[] = []): string {
  const { machine } = result
  const missed = result.targets.filter((target) => !target.met)
  return `${[
    '# Performance',
    '',
    '<!-- Written by "node bench/report.ts" from the JSON named below; do not edit by hand. -->',
    '',
    `\`npm run bench\` measures throughput, latency, memory and growth of the gateway. Measured ${result.date.slice(0, 10)} with claimlinc-teams ${machine.version} (commit ${machine.commit}): ${result.rounds === 1 ? 'one round' : `${result.rounds} rounds`}, with the median, the lowest and the highest of each figure. ${missed.length === 0 ? 'All targets are met.' : `${missed.length} of ${result.targets.length} targets are not met.`}`,
    '',
    ...table(
      ['machine', ''],
      [
        ['processor', `${machine.cores} × ${machine.cpu}`],
        ['memory', `${machine.memory} GB`],
        ['system', machine.kernel],
        ['Node', machine.node],
        ['PostgreSQL', `${machine.postgresql}, with its default settings: every commit waits for the disk`],
        ['receiver', 'a process on the same machine that accepts every card at once, over plain HTTP'],
      ],
    ),
    '',
    'The gateway, PostgreSQL, the receiver and the sender share these processors. Other work on the machine makes every figure worse; each section has the load average.',
    '',
    '## Targets',
    '',
    ...table(['', 'scenario', 'figure', 'found', 'target'], result.targets.map(targetRow)),
    '',
    ...result.scenarios.flatMap(section),
    ...(breakages.length > 0 ? broken(breakages) : []),
    '## Repeat it',
    '',
    '```sh',
    'npm ci',
    'npm run bench                        # all of it, five rounds: about half an hour',
    'npm run bench -- --quick             # one small round of each, as .ci/run does',
    'npm run bench -- --only latency,storm --rounds 3',
    'npm run bench -- --only throughput --profile profiles   # CPU profiles, and the most expensive functions',
    'npm run bench -- --break all         # break each promise on purpose; each break must be noticed',
    'node bench/report.ts bench.json      # this page from the JSON',
    '```',
    '',
    `These figures: \`${result.command}\`, kept in [${source}](../${source}).`,
  ].join('\n')}\n`
}

function section(scenario: ScenarioResult): string[] {
  const { title, text } = SECTIONS[scenario.name]
  return [
    `## ${title}`,
    '',
    text,
    '',
    ...table(['', 'median', 'lowest', 'highest'], scenario.figures.map(figureRow)),
    '',
    `Load average ${scenario.load.before.toFixed(1)} before and ${scenario.load.after.toFixed(1)} after, including the bench itself.`,
    '',
  ]
}

function figureRow({ name, unit, median, min, max }: Figure): string[] {
  return [name.replace(/^\w+\./, '').replaceAll('_', ' '), ...[median, min, max].map((value) => shown(value, unit))]
}

function targetRow({ met, scenario, what, found, unit, comparison, value }: TargetResult): string[] {
  return [met ? 'met' : '**missed**', scenario, what, shown(found, unit), `${comparison} ${shown(value, unit)}`]
}

function broken(breakages: readonly BreakageResult[]): string[] {
  const noticed = breakages.filter((one) => one.noticed).length
  const commits = [...new Set(breakages.map(({ commit }) => commit))].join(', ')
  return [
    '## Broken on purpose',
    '',
    `A bench that can not fail proves nothing. Each change below, to a copy of the gateway, breaks one promise: the target is met without the change and missed with it. ${noticed} of ${breakages.length} were noticed (one smaller round each, commit ${commits}).`,
    '',
    ...table(
      ['', 'breakage', 'change', 'target', 'unchanged', 'broken'],
      breakages.map(({ breakage, does, noticed, whole, broken }) => [
        noticed ? 'noticed' : '**not noticed**',
        breakage,
        does,
        whole ? `${whole.what}: ${whole.comparison} ${shown(whole.value, whole.unit)}` : '',
        ...[whole, broken].map((target) => (target ? shown(target.found, target.unit) : 'not measured')),
      ]),
    ),
    '',
  ]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

if (import.meta.main) {
  const source = process.argv[2]
  if (source === undefined) {
    process.stderr.write('node bench/report.ts FILE: the JSON that "npm run bench" has written\n')
    process.exitCode = 2
  } else {
    const result = JSON.parse(readFileSync(source, 'utf8')) as BenchResult
    const beside = join(dirname(source), 'breakages.json')
    const breakages = existsSync(beside) ? (JSON.parse(readFileSync(beside, 'utf8')) as BreakageResult[]) : []
    const root = fileURLToPath(new URL('..', import.meta.url))
    const page = join(root, 'docs/performance.md')
    writeFileSync(page, reportText(result, relative(root, resolve(source)), breakages))
    process.stdout.write(`${page}\n`)
  }
}
