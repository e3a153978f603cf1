import { type Figure, shown } from './figures.ts'
import type { BenchResult, ScenarioResult } from './result.ts'
import { SECTIONS } from './sections.ts'
import type { Verdict } from './targets.ts'

/** docs/performance.md for one result; `source` is where its JSON lies in the repository. */
export function reportText(result: BenchResult, source: string): string {
  const { machine } = result
  const missed = result.verdicts.filter((verdict) => !verdict.met)
  return `${[
    '# Performance',
    '',
    '<!-- Written by "node bench/report.ts" from the JSON named below; do not edit by hand. -->',
    '',
    `Measured ${result.date.slice(0, 10)} with claimlinc-teams ${machine.version} (commit ${machine.commit}): ${result.rounds === 1 ? 'one round' : `${result.rounds} rounds`}, and of each figure the median, the lowest and the highest. ${missed.length === 0 ? 'All targets are met.' : `${missed.length} of ${result.verdicts.length} targets are not met.`}`,
    '',
    ...table(
      ['machine', ''],
      [
        ['processor', `${machine.cores} × ${machine.cpu}`],
        ['memory', `${machine.memory} GB`],
        ['system', machine.kernel],
        ['Node', machine.node],
        ['PostgreSQL', `${machine.postgresql}, as it is out of the box: every commit waits for the disk`],
        ['the other end', 'a process on the same machine that takes every card at once, over plain HTTP'],
      ],
    ),
    '',
    'The gateway, PostgreSQL, the receiving end and whoever sends share these processors. Other work on the machine makes every figure worse; the load average is given with each.',
    '',
    '## Targets',
    '',
    ...table(['', 'scenario', 'what', 'found', 'target'], result.verdicts.map(verdictRow)),
    '',
    ...result.scenarios.flatMap(section),
    '## Repeat it',
    '',
    '```sh',
    'npm ci',
    'npm run bench                        # all of it, five rounds: about an hour',
    'npm run bench -- --quick             # one small round of each, as .ci/run does',
    'npm run bench -- --only latency,storm --rounds 3',
    'npm run bench -- --only throughput --profile profiles   # CPU profiles, and what cost most',
    'npm run bench -- --break list        # break a promise on purpose, and see that it is noticed',
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
    `Load average ${scenario.load.before.toFixed(1)} before and ${scenario.load.after.toFixed(1)} after, its own work among it.`,
    '',
  ]
}

function figureRow({ name, unit, median, min, max }: Figure): string[] {
  return [name.replace(/^\w+\./, '').replaceAll('_', ' '), ...[median, min, max].map((value) => shown(value, unit))]
}

function verdictRow({ met, scenario, what, found, unit, comparison, value }: Verdict): string[] {
  return [met ? 'met' : '**missed**', scenario, what, shown(found, unit), `${comparison} ${shown(value, unit)}`]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
