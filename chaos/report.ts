import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROMISE_NAMES, PROMISES } from './promises.ts'
import { SCENARIOS } from './scenarios.ts'
import type { BreakageSummary, Summary } from './summary.ts'
import type { ScenarioVerdict } from './verdict.ts'

// Writes docs/reliability.md from the JSON of a run: `node chaos/report.ts FOLDER`. The folder has verdict.json, and
// breakages.json where the breakages were run too; chaos/results/ keeps those of the published run.

const ALLOWANCES: readonly (readonly [string, string])[] = [
  [
    'Every time below is multiplied by the slowness of the machine',
    'the highest load average of the scenario per core, 1 to 10: where four programs want a core, each waits four times as long. The verdicts tell it',
  ],
  [
    'An answer counts as recorded 1.5 s after it left',
    'a kill within that time may repeat the card; the record is one transaction after the answer, on a machine that is busy with everything else of the run',
  ],
  [
    'A process that is held up and lives may have what it had in flight repeated by another',
    'until it goes on nobody knows what came of it; then its record must tell, and it must not post what the other has posted',
  ],
  [
    'Cards may arrive 1 s closer together than their budget was taken',
    'between the claim and the arrival lie rendering, signing and a connection; every window is allowed what one more second earns',
  ],
  [
    'A claim may be 1.5 s older than its attempt row says',
    'the row has the time at which the process began with it; so a wait counts for the order from 1.5 s after its begin to 1.5 s before its end',
  ],
  [
    'In a storm, MEDIUM and below that came after the last round of digests wait for the next round',
    'by design; against what is older than they are their order is not judged. CRITICAL and HIGH are judged against everything',
  ],
  [
    'Order is not judged where the receiver fails or a clock jumps',
    'a resting channel is probed with its notifications in turn; and order is read from times',
  ],
  [
    "Each jump of PostgreSQL's clock may be good for one more burst",
    'the bucket is filled by that clock, and the database has no other',
  ],
]

/** The page, from the summaries of a run. */
export function reliabilityPage(summary: Summary, breakages: BreakageSummary | undefined): string {
  const total = (name: string) => summary.verdicts.reduce((sum, verdict) => sum + (verdict.counts[name] ?? 0), 0)
  const { machine } = summary
  return [
    '# Reliability',
    '',
    '<!-- Written by `node chaos/report.ts FOLDER` from the JSON of a run (chaos/results/). Do not edit by hand. -->',
    '',
    '`npm run chaos` runs gateways by their real command line, hands events over to them, plays faults, and lets a checker',
    "that shares no code with the gateway compare the sender's log, the receiver's log and the database.",
    '',
    `**${summary.held ? 'Every promise was held' : 'NOT every promise was held'}** in the run of ${summary.date.slice(0, 10)}: ${number(total('events'))} events, ${number(total('posts'))} posts,`,
    `${number(total('kills'))} kills, ${number(total('faults'))} faults and ${number(total('faulty_answers'))} faulty answers in ${summary.verdicts.length} scenarios.`,
    '',
    '## Promises',
    '',
    table(
      ['promise', 'what it says', 'scenarios', 'held', 'what was looked at'],
      PROMISE_NAMES.map((name) => {
        const judged = summary.verdicts.flatMap(({ judgements }) =>
          judgements.filter(({ promise }) => promise === name),
        )
        return [
          name,
          PROMISES[name],
          String(judged.length),
          String(judged.filter(({ held }) => held).length),
          lookedAt(judged.map(({ counts }) => counts)),
        ]
      }),
    ),
    '',
    '## Scenarios',
    '',
    table(
      ['scenario', 'what it does', 'events', 'posts', 'marked as repeats', 'kills', 'faults', 'digests', 'verdict'],
      [
        ...summary.verdicts.map((verdict) => [
          verdict.scenario,
          `${SCENARIOS.find(({ name }) => name === verdict.scenario)?.does ?? ''}${verdict.notes.length > 0 ? ` (${verdict.notes.join('; ')})` : ''}`,
          ...['events', 'posts', 'repeats', 'kills', 'faults', 'digests'].map((name) =>
            number(verdict.counts[name] ?? 0),
          ),
          verdictOf(verdict),
        ]),
        ...summary.not_played.map(({ scenario, why }) => [scenario, '', '', '', '', '', '', '', `not played: ${why}`]),
      ],
    ),
    '',
    ...(breakages ? breakagesSection(breakages) : []),
    '## What is allowed for, and why',
    '',
    ...ALLOWANCES.map(([what, why]) => `- **${what}:** ${why}.`),
    '',
    '## How to repeat it',
    '',
    '```sh',
    `npm run chaos -- --seed ${summary.seed}   # this run: about ${Math.max(1, Math.round(summary.took_s / 60))} minutes`,
    'npm run chaos -- --short         # part of the CI: under two minutes',
    'npm run chaos -- --break all     # breaks the gateway on purpose, each promise at least once',
    'node chaos/check.ts FOLDER       # judges the history of a run again',
    'node chaos/report.ts FOLDER      # writes this page from its JSON',
    '```',
    '',
    'The seed decides every random choice: what is sent, which answers are faulty, who is killed and how long it is waited.',
    'What it can not decide is how the operating system and the network interleave processes.',
    '',
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB, ${machine.system}; Node ${machine.node}; ${machine.services}.`,
    `Slowness while it ran: ${Math.max(1, ...summary.verdicts.map(({ slowness }) => slowness))} at most.`,
    `Gateway ${machine.gateway}, commit ${machine.commit}. Seed ${summary.seed}, ${summary.date}, ${number(summary.took_s)} s.`,
    '',
  ].join('\n')
}

function breakagesSection({ breakages }: BreakageSummary): string[] {
  const noticed = breakages.filter((breakage) => breakage.noticed).length
  return [
    '## Broken on purpose',
    '',
    `A checker that can not fail proves nothing. Each of these changes to a copy of the gateway breaks one promise; ${noticed} of ${breakages.length} were noticed.`,
    '',
    table(
      ['breakage', 'what it does', 'promise', 'noticed in', 'what the checker says first'],
      breakages.map((breakage) => [
        breakage.name,
        breakage.does,
        breakage.promise,
        breakage.noticed ? breakage.scenario : `**not noticed** (${breakage.scenario})`,
        withoutIds(breakage.example),
      ]),
    ),
    '',
  ]
}

function verdictOf({ held, judgements }: ScenarioVerdict): string {
  if (held) return 'held'
  return `**broken:** ${judgements
    .filter((judgement) => !judgement.held)
    .map(({ promise }) => promise)
    .join(', ')}`
}

/** Sums of the counts of all scenarios; what is the most of something stays the most. */
function lookedAt(all: readonly Readonly<Record<string, number>>[]): string {
  const sums = new Map<string, number>()
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) {
      if (/^(most|allowed)_/.test(name)) continue
      sums.set(name, name.endsWith('_ms') ? Math.max(sums.get(name) ?? 0, count) : (sums.get(name) ?? 0) + count)
    }
  return [...sums].map(([name, count]) => `${name.replaceAll('_', ' ')} ${number(count)}`).join(', ')
}

const withoutIds = (text: string): string => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')
const number = (count: number): string => count.toLocaleString('en-US')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

if (import.meta.main) {
  const folder = process.argv[2]
  if (folder === undefined || !existsSync(join(folder, 'verdict.json'))) {
    console.error('usage: node chaos/report.ts FOLDER (of a run, with its verdict.json)')
    process.exit(2)
  }
  const read = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
  const breakages = existsSync(join(folder, 'breakages.json')) ? read<BreakageSummary>('breakages.json') : undefined
  const page = fileURLToPath(new URL('../docs/reliability.md', import.meta.url))
  writeFileSync(page, reliabilityPage(read<Summary>('verdict.json'), breakages))
  console.log(`${page} is written.`)
}
