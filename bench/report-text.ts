import type { BreakageResult } from './break.ts'
import { type Figure, shown } from './figures.ts'
import type { BenchResult, ScenarioResult } from './result.ts'
import { SECTIONS } from './sections.ts'
import type { Verdict } from './targets.ts'

/**
 * docs/performance.md for one result. `source` is the path of its JSON in the repository; `breakages` are the results of
 * breaking the gateway on purpose, empty if that was not tried.
 */
export function reportText(result: BenchResult, source: string, breakages: readonly BreakageResult[] = []): string {
  const { machine } = result
  const missed = result.verdicts.filter((verdict) => !verdict.met)
  return `${[
    '# Performance',
    '',
    '<!-- Written by "node bench/report.ts" from the JSON named below; do not edit by hand. -->',
    '',
    `\`npm run bench\` measures throughput, latency, memory and growth of the gateway. Measured ${result.date.slice(0, 10)} with claimlinc-teams ${machine.version} (commit ${machine.commit}): ${result.rounds === 1 ? 'one round' : `${result.rounds} rounds`}, with the median, the lowest and the highest of each figure. ${missed.length === 0 ? 'All targets are met.' : `${missed.length} of ${result.verdicts.length} targets are not met.`}`,
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
    ...table(['', 'scenario', 'figure', 'found', 'target'], result.verdicts.map(verdictRow)),
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

function verdictRow({ met, scenario, what, found, unit, comparison, value }: Verdict): string[] {
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
        ...[whole, broken].map((verdict) => (verdict ? shown(verdict.found, verdict.unit) : 'not measured')),
      ]),
    ),
    '',
  ]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
