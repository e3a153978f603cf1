import { pause } from '../kernel/clock.ts'
import { digestOf } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Condition, changeFindings, type Finding, limitConditions, MORE, readFindings } from './findings.ts'
import { type SourceContext, type SourceEvent, SourceProblem } from './source.ts'

/** What an event about a finding says. */
export type FindingEvent = Pick<SourceEvent, 'eventType' | 'priority'> & { readonly data: JsonObject }

/** What one look at a system saw. */
export interface Look {
  readonly conditions: readonly Condition<FindingEvent>[]
  /** Findings about which it says nothing. */
  readonly unknown?: ReadonlySet<string>
}

/** Options of {@link poll}. */
export interface PollOptions {
  readonly name: string
  readonly intervalMs: number
  readonly openAfterMs: number
  readonly closeAfterMs: number
  /** Looks once. @throws SourceProblem */
  readonly look: (signal: AbortSignal) => Promise<Look>
  /** The event that resolves that of a finding; undefined for a finding of another version. */
  readonly over: (finding: Finding) => FindingEvent | undefined
  /** What the event about `count` more conditions of a finding says, beyond those that have events of their own. */
  readonly more: (finding: string, count: number) => FindingEvent
}

/** Looks at a system again and again until the source is stopped: a condition that opens or ends becomes an event. */
export async function poll(context: SourceContext, options: PollOptions): Promise<void> {
  const { intervalMs, look } = options
  const { clock, signal } = context
  let findings = readFindings(context.checkpoint.findings)
  while (!signal.aborted) {
    const seen = await lookOnce(context, look)
    if (signal.aborted) return
    if (seen !== undefined) {
      await context.saw()
      const conditions = limitConditions(seen.conditions, findings, options.more)
      const now = clock.now()
      const { unknown } = seen
      const changes = changeFindings(findings, conditions, now, { ...options, ...(unknown ? { unknown } : {}) })
      if (JSON.stringify(changes.findings) !== JSON.stringify(findings))
        await context.accept(
          [
            ...changes.opened.map(({ finding, says }) =>
              eventOf(options.name, finding, says, { starts_at: finding.since }),
            ),
            ...changes.closed.flatMap((finding) => overEvent(options, finding, now)),
          ],
          { checkpoint: { findings: changes.findings.map((finding) => ({ ...finding })) } },
        )
      findings = changes.findings
    }
    await pause(clock, intervalMs, signal)
  }
}

async function lookOnce(context: SourceContext, look: PollOptions['look']): Promise<Look | undefined> {
  try {
    return await look(context.signal)
  } catch (error) {
    if (context.signal.aborted) return undefined
    if (!(error instanceof SourceProblem)) throw error
    context.couldNotSee(error.code)
    return undefined
  }
}

function overEvent({ name, over }: PollOptions, finding: Finding, now: Date): readonly SourceEvent[] {
  const says = over(finding)
  const times = { starts_at: finding.since, ends_at: finding.clearSince ?? now.toISOString() }
  return says === undefined ? [] : [eventOf(name, finding, says, times)]
}

function eventOf(source: string, finding: Finding, says: FindingEvent, times: JsonObject): SourceEvent {
  const { data, ...rest } = says
  return {
    ...rest,
    correlationId: correlationOf(source, finding),
    idempotencyKey: digestOf([finding.finding, finding.subject, finding.since, says.eventType].join('\n')),
    data: { component: source, ...data, ...times },
  }
}

/** The subject of a finding's events: the one that ends it resolves the one that opened it. */
function correlationOf(source: string, { finding, subject }: Finding): string {
  const part = subject === MORE ? 'more' : subject
  return [source, finding, ...(part === '' ? [] : [part])].join('.')
}
