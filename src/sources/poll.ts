import type { SourceCode } from '../contract/sources.ts'
import { pause } from '../kernel/clock.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { asOne, endedEvent, endedOnes, type FindingEvent, openedEvent, unwatchedEnd } from './finding-events.ts'
import {
  type Condition,
  changeFindings,
  type Finding,
  groupOpened,
  limitConditions,
  type OpenedFinding,
  readFindings,
} from './findings.ts'
import { type SourceContext, type SourceEvent, SourceProblem } from './source.ts'

/** What one look at a system saw. */
export interface Look {
  readonly conditions: readonly Condition<FindingEvent>[]
  /** Findings about which it says nothing. */
  readonly unknown?: ReadonlySet<string>
  /** True for a finding whose subject the system does not list any more, so that nobody knows whether it is over. */
  readonly absent?: (finding: Finding) => boolean
  /** True for a finding of which it does not say whether it is over, such as that its subject was not seen: it stays as it is. */
  readonly undecided?: (finding: Finding) => boolean
  /** What later looks are given, also those of another replica; what they were given before if absent. */
  readonly memory?: JsonObject
  /** Why it saw nothing but these conditions. The source counts as one that does not see. */
  readonly code?: SourceCode
}

/** Options of {@link poll}. */
export interface PollOptions {
  readonly name: string
  readonly intervalMs: number
  readonly openAfterMs: number
  readonly closeAfterMs: number
  /** Looks once, with the memory of the looks before; `{}` before the first. @throws SourceProblem */
  readonly look: (signal: AbortSignal, memory: JsonObject) => Promise<Look>
  /** The event that resolves that of a finding; undefined for a finding of another version. */
  readonly over: (finding: Finding) => FindingEvent | undefined
  /** What the event about `count` more conditions of a finding says, beyond those that have events of their own. */
  readonly more: (finding: string, count: number) => FindingEvent
  /** Findings of a kind that have places of their own; all that there are if absent. */
  readonly mostOfAKind?: number
  /** Makes one event of more than `from` findings of a kind that open at the same look; each has its own if absent. */
  readonly grouping?: {
    readonly from: number
    readonly says: (finding: string, members: readonly OpenedFinding<FindingEvent>[]) => FindingEvent
  }
}

/** Looks at a system again and again until the source is stopped: a condition that opens or ends becomes an event. */
export async function poll(context: SourceContext, options: PollOptions): Promise<void> {
  const { intervalMs, look } = options
  const { clock, signal } = context
  let findings = readFindings(context.checkpoint.findings)
  let memory = isObject(context.checkpoint.memory) ? (context.checkpoint.memory as JsonObject) : {}
  while (!signal.aborted) {
    const seen = await lookOnce(context, (looking) => look(looking, memory))
    if (signal.aborted) return
    if (seen !== undefined) {
      const { code, memory: kept = memory } = seen
      if (code !== undefined) context.couldNotSee(code)
      const compared = compareLook(findings, seen, clock.now(), options)
      if (JSON.stringify([compared.findings, kept]) !== JSON.stringify([findings, memory]))
        await context.accept(compared.events, {
          checkpoint: { findings: compared.written, ...(Object.keys(kept).length === 0 ? {} : { memory: kept }) },
        })
      findings = compared.findings
      memory = kept
      // After the findings are written: a source whose events are refused reports nothing, and does not count as one that sees.
      if (code === undefined) await context.saw()
    }
    await pause(clock, intervalMs, signal)
  }
}

/** What a look changes, and the events about it. */
export interface ComparedLook {
  readonly findings: readonly Finding[]
  /** The findings as they stand in the checkpoint. */
  readonly written: readonly JsonObject[]
  readonly events: readonly SourceEvent[]
}

/** Compares a look with the findings before it. */
export function compareLook(
  before: readonly Finding[],
  { conditions, ...limits }: Omit<Look, 'code' | 'memory'>,
  now: Date,
  options: Omit<PollOptions, 'intervalMs' | 'look'>,
): ComparedLook {
  const { openAfterMs, closeAfterMs, over, more, mostOfAKind, grouping } = options
  const limited = limitConditions(conditions, before, more, mostOfAKind)
  const each = changeFindings(before, limited, now, { openAfterMs, closeAfterMs, ...limits })
  const { findings, opened, closed } = grouping === undefined ? each : groupOpened(each, grouping.from)
  return {
    findings,
    written: findings.map((finding) => withEndType(finding, over)),
    events: [
      ...openedEvents(options, opened),
      ...endedOnes(closed, findings).flatMap((finding) => overEvent(options, finding, now)),
    ],
  }
}

async function lookOnce(
  context: SourceContext,
  look: (signal: AbortSignal) => Promise<Look>,
): Promise<Look | undefined> {
  try {
    return await look(context.signal)
  } catch (error) {
    if (context.signal.aborted) return undefined
    if (!(error instanceof SourceProblem)) throw error
    context.couldNotSee(error.code)
    return undefined
  }
}

function withEndType(finding: Finding, over: PollOptions['over']): JsonObject {
  const endType = over(finding)?.eventType ?? finding.endType
  return { ...finding, ...(endType === undefined ? {} : { endType }) }
}

/** The events of what has opened: one for each finding, or for each group. */
function openedEvents(
  { name, grouping }: Pick<PollOptions, 'name' | 'grouping'>,
  opened: readonly OpenedFinding<FindingEvent>[],
): readonly SourceEvent[] {
  const groups = Map.groupBy(opened, ({ finding }) => finding.group && `${finding.finding}\n${finding.group}`)
  const single = groups.get(undefined) ?? []
  groups.delete(undefined)
  return [
    ...single.map(({ finding, says }) => openedEvent(name, finding, says)),
    ...[...groups.values()].flatMap((members) => {
      const one = members[0] && asOne(members[0].finding)
      return one && grouping ? [openedEvent(name, one, grouping.says(one.finding, members))] : []
    }),
  ]
}

function overEvent(
  { name, over }: Pick<PollOptions, 'name' | 'over'>,
  finding: Finding,
  now: Date,
): readonly SourceEvent[] {
  const says = over(finding) ?? unwatchedEnd(finding)
  return says === undefined ? [] : [endedEvent(name, finding, says, now)]
}
