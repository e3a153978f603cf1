import { z } from 'zod'
import { checkStats, readStatsPeriod, type Stats, type StatsCheck, statsWire } from '../../contract/stats.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { inColumns, moment, namedValues } from '../columns.ts'
import { readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import type { TargetFlags } from '../target.ts'

/** The options of `stats`, not yet parsed. */
export interface StatsOptions {
  readonly since?: string
  readonly until?: string
  readonly check?: boolean
}

/** `stats`: prints the figures of a period. With `--check`, exit code 1 where a target of the success metrics is missed. */
export async function statsCommand(
  options: StatsOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const { url: _url, token: _token, check: isChecked = false, ...flags } = options
  const period = readFlags(flags, (query) => readStatsPeriod(query))
  return withTarget(options, 'read', output, gateways, async (target) => {
    const stats = await target.stats(period)
    const checks = isChecked ? checkStats(stats) : []
    output.answer({
      ...z.encode(statsWire, stats),
      ...(isChecked ? { ok: checks.every(({ met }) => met !== false), checks } : {}),
    })
    for (const line of described(stats, output)) output.print(line)
    for (const line of inColumns(checks.map((one) => checkLine(one, output)))) output.print(line)
    return checks.some(({ met }) => met === false) ? EXIT.no : EXIT.ok
  })
}

function* described(stats: Stats, output: Output): Iterable<string> {
  const { latency } = stats
  yield* namedValues(
    [
      ['period', `${moment(stats.since)} to ${moment(stats.until)}`],
      ['delivery rate', `${percent(stats.deliveryRate)} (${stats.delivered} delivered, ${stats.failed} failed)`],
      ['waiting', String(stats.waiting)],
      ['attempts', `${stats.attempts}, ${percent(stats.retryRate)} of them retries`],
      ['post latency', `p50 ${seconds(latency.p50)}, p95 ${seconds(latency.p95)}, p99 ${seconds(latency.p99)}`],
      ['unacknowledged CRITICAL', String(stats.unacknowledgedCritical)],
      ...stats.acknowledgements.map(({ priority, events, acknowledged, meanSeconds }): [string, string] => [
        `${priority} acknowledged`,
        `${acknowledged} of ${events}, after ${seconds(meanSeconds)} on average`,
      ]),
      ...stats.stakeholders.map(({ stakeholder, events, acknowledged, share }): [string, string] => [
        `${onOneLine(stakeholder)} acknowledged`,
        `${percent(share)} (${acknowledged} of ${events})`,
      ]),
    ],
    output,
  )
}

function checkLine({ name, met, found, target }: StatsCheck, output: Output): string[] {
  const [color, word] =
    met === null ? (['yellow', 'unknown'] as const) : met ? (['green', 'met'] as const) : (['red', 'missed'] as const)
  const value = found === null ? 'nothing measured' : String(Math.round(found * 10_000) / 10_000)
  return [output.paint(color, word), name, value, target]
}

const percent = (share: number | null) => (share === null ? 'nothing measured' : `${(share * 100).toFixed(2)} %`)
const seconds = (value: number | null) => (value === null ? '–' : `${value.toFixed(value < 10 ? 2 : 0)} s`)
