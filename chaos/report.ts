import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BREAKAGES } from './breakages.ts'
import { PROMISE_NAMES, PROMISES } from './promises.ts'
import { SCENARIOS } from './scenarios.ts'
import type { BreakageSummary, ScenarioResult, Summary } from './summary.ts'

// Writes docs/reliability.md from the JSON of a run: `node chaos/report.ts FOLDER`. The folder has run.json, and
// breakages.json where the breakages were run too; chaos/results/ keeps those of the published run.

const ALLOWANCES: readonly (readonly [string, string])[] = [
  [
    'Every time below is multiplied by the slowness of the machine',
    'slowness is the highest load average per core during the scenario, 1 to 10. If four programs want a core, each waits four times as long. The results contain it',
  ],
  [
    'An answer counts as recorded 1.5 s after it left',
    'a kill within that time may repeat the card. The record is written one transaction after the answer, on a machine that runs the whole scenario',
  ],
  [
    'Another process may repeat the cards that a suspended process had in flight',
    'their outcome is unknown until the suspended process continues. Then it must record the outcome, and must not post a card that the other process has posted',
  ],
  [
    'Cards may arrive 1 s closer together than their tokens were taken from the budget',
    'rendering, signing and a connection come between the claim and the arrival. Every time window is allowed the tokens of one more second',
  ],
  [
    'A claim may be 1.5 s older than its attempt row says',
    'the row has the start time of the attempt. So a wait counts for the order from 1.5 s after its start to 1.5 s before its end',
  ],
  [
    'In a storm, MEDIUM and below that came after the last round of digests wait for the next round',
    'this is by design. Their order against older notifications is not checked. CRITICAL and HIGH are checked against all notifications',
  ],
  [
    'Order is not checked in scenarios in which the receiver fails or a clock jumps',
    'a resting channel is probed with its notifications in turn, and order is derived from times',
  ],
  [
    'A tier may be called 10 s after it is due, or after a gateway runs again that reaches PostgreSQL',
    'the gateway promises that. A kill of one of two replicas is no excuse, since the other one calls tiers, too',
  ],
  [
    'From the answer to an acknowledgement or a discard on, no tier of its event may begin to be called',
    'a tier that was being called at the moment of the click may be committed before the click is',
  ],
  [
    "Each jump of PostgreSQL's clock may allow one more burst",
    'that clock refills the bucket, and the database has no other clock',
  ],
]

/** The page, from the summaries of a run. */
export function reliabilityPage(summary: Summary, breakages: BreakageSummary | undefined): string {
  const total = (name: string) => summary.scenarios.reduce((sum, result) => sum + (result.counts[name] ?? 0), 0)
  const { machine } = summary
  return [
    '# Reliability',
    '',
    '<!-- Written by `node chaos/report.ts FOLDER` from the JSON of a run (chaos/results/). Do not edit by hand. -->',
    '',
    '`npm run chaos` tests whether the gateway keeps its promises under faults. It starts gateways by their real command line,',
    "sends events, and causes faults. A checker that shares no code with the gateway then compares the sender's log, the",
    "receiver's log and the database.",
    '',
    `**${summary.held ? 'Every promise was held' : 'NOT every promise was held'}** in the run of ${summary.date.slice(0, 10)}: ${number(total('events'))} events, ${number(total('posts'))} posts,`,
    `${number(total('kills'))} kills, ${number(total('faults'))} faults and ${number(total('faulty_answers'))} faulty answers in ${summary.scenarios.length} scenarios.`,
    '',
    '## Promises',
    '',
    table(
      ['promise', 'meaning', 'scenarios', 'held', 'checked'],
      PROMISE_NAMES.map((name) => {
        const checked = summary.scenarios.flatMap(({ promises }) => promises.filter(({ promise }) => promise === name))
        return [
          name,
          PROMISES[name],
          String(checked.length),
          String(checked.filter(({ held }) => held).length),
          sumsOf(checked.map(({ counts }) => counts)),
        ]
      }),
    ),
    '',
    '## Scenarios',
    '',
    table(
      ['scenario', 'fault', 'events', 'posts', 'marked as repeats', 'kills', 'faults', 'digests', 'result'],
      [
        ...summary.scenarios.map((result) => [
          result.scenario,
          `${SCENARIOS.find(({ name }) => name === result.scenario)?.does ?? ''}${result.notes.length > 0 ? ` (${result.notes.join('; ')})` : ''}`,
          ...['events', 'posts', 'repeats', 'kills', 'faults', 'digests'].map((name) =>
            number(result.counts[name] ?? 0),
          ),
          heldOf(result),
        ]),
        ...summary.not_played.map(({ scenario, why }) => [scenario, '', '', '', '', '', '', '', `not played: ${why}`]),
      ],
    ),
    '',
    ...(breakages ? breakagesSection(breakages) : []),
    '## Tolerances, and their reasons',
    '',
    ...ALLOWANCES.map(([allowance, reason]) => `- **${allowance}:** ${reason}.`),
    '',
    '## How to repeat it',
    '',
    '```sh',
    `npm run chaos -- --seed ${summary.seed}   # this run: about ${Math.max(1, Math.round(summary.took_s / 60))} minutes`,
    'npm run chaos -- --short         # part of the CI: about two minutes',
    'npm run chaos -- --break all     # breaks the gateway on purpose, each promise at least once',
    'node chaos/check.ts FOLDER       # checks the history of a run again',
    'node chaos/report.ts FOLDER      # writes this page from its JSON',
    '```',
    '',
    'The seed decides every random choice: the events, the faulty answers, the killed processes and the pauses. It can not decide',
    'how the operating system and the network interleave processes.',
    '',
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB, ${machine.system}; Node ${machine.node}; ${machine.services}.`,
    `Highest slowness during the run: ${Math.max(1, ...summary.scenarios.map(({ slowness }) => slowness))}.`,
    `Gateway ${machine.gateway}, commit ${machine.commit}. Seed ${summary.seed}, ${summary.date}, ${number(summary.took_s)} s.`,
    '',
  ].join('\n')
}

function breakagesSection({ breakages }: BreakageSummary): string[] {
  const noticed = breakages.filter((breakage) => breakage.noticed).length
  return [
    '## Broken on purpose',
    '',
    `A checker that can not fail proves nothing. Each change below, to a copy of the gateway, breaks one promise; ${noticed} of ${breakages.length} were noticed.`,
    '',
    table(
      ['breakage', 'change', 'promise', 'noticed in', 'first message of the checker'],
      breakages.map((breakage) => [
        breakage.name,
        BREAKAGES.find(({ name }) => name === breakage.name)?.does ?? breakage.does,
        breakage.promise,
        breakage.noticed ? breakage.scenario : `**not noticed** (${breakage.scenario})`,
        withoutIds(breakage.example),
      ]),
    ),
    '',
  ]
}

function heldOf({ held, promises }: ScenarioResult): string {
  if (held) return 'held'
  return `**broken:** ${promises
    .filter((result) => !result.held)
    .map(({ promise }) => promise)
    .join(', ')}`
}

/** Sums of the counts of all scenarios; times (`_ms`) are maxima. */
function sumsOf(all: readonly Readonly<Record<string, number>>[]): string {
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
  if (folder === undefined || !existsSync(join(folder, 'run.json'))) {
    console.error('usage: node chaos/report.ts FOLDER (of a run, with its run.json)')
    process.exit(2)
  }
  const read = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
  const breakages = existsSync(join(folder, 'breakages.json')) ? read<BreakageSummary>('breakages.json') : undefined
  const page = fileURLToPath(new URL('../docs/reliability.md', import.meta.url))
  writeFileSync(page, reliabilityPage(read<Summary>('run.json'), breakages))
  console.log(`${page} is written.`)
}
