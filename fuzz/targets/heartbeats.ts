import type { HeartbeatDefinition } from '../../src/catalogue/heartbeats.ts'
import { type Ping, readPing } from '../../src/contract/heartbeats.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject, type Json } from '../../src/kernel/json.ts'
import { afterPing } from '../../src/sources/heartbeats/decide.ts'
import { declaredOnly } from '../../src/sources/heartbeats/events.ts'
import { MAX_OUTPUT, readOutput } from '../../src/sources/heartbeats/output.ts'
import type { SourceEvent } from '../../src/sources/source.ts'
import { newHeartbeat } from '../../src/store/heartbeats.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { holdSame, holdTaken } from '../properties/read-outside.ts'
import { holdProblems, textsIn } from '../properties/refusal.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { createChecks, shippedCatalogue } from './checks.ts'
import { NOW } from './watched.ts'

const WORDS = [
  ...[
    'reports',
    'query',
    'output',
    'state',
    'exit_code',
    'run_id',
    'start',
    'success',
    'failure',
    '0',
    '1',
    '-1',
    '256',
  ],
  ...['\u001b[31m', '\u001b]0;title\u0007', '\u009b2J', '\r\n', '\u001b', 'Traceback (most recent call last):\n'],
]
const DEFINITION: HeartbeatDefinition = {
  name: 'import',
  title: 'Import',
  schedule: { everyMs: 3_600_000 },
  graceMs: 300_000,
  longestMs: 1_200_000,
  eventType: undefined,
  endType: 'heartbeat.recovered',
  priority: undefined,
  stakeholders: undefined,
  runbookUrl: undefined,
  output: true,
  alertmanager: undefined,
}
const UNSEEN = newHeartbeat(DEFINITION.name, NOW)
// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

/** Reports of a job, one after the other, with what it wrote. */
export const target: Target = {
  name: 'heartbeats',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 1_000,
  maxSteps: (bytes) => 20_000 + 100 * bytes,
  seeds: () => {
    const failed = {
      query: { state: 'failure', exit_code: '2', run_id: 'r-1' },
      output: '\u001b[31mdisk full\u001b[0m\r\n',
    }
    const reports: Json[] = [
      [{ query: { state: 'start' } }, failed, { query: {} }],
      [failed, failed],
      [{ query: { state: 'failure' }, output: 'word '.repeat(700) }],
    ]
    return reports.map((list) => Buffer.from(JSON.stringify(list)))
  },
  mutate: (input, other, random) => mutateBody(input, other, random, WORDS),
  async open(): Promise<OpenTarget> {
    const catalogue = shippedCatalogue()
    const check = createChecks(catalogue)
    return {
      async run(bytes) {
        const given = parsed(bytes)
        const traits: string[] = []
        let row = UNSEEN
        for (const [index, report] of (Array.isArray(given) ? given.slice(0, 20) : [given]).entries()) {
          if (!isObject(report)) continue
          const ping = pingOf(report)
          if ('refused' in ping) {
            traits.push(...ping.refused)
            continue
          }
          const change = afterPing(DEFINITION, row, ping, new Date(NOW.getTime() + index * 60_000))
          const events: readonly SourceEvent[] = change?.events ?? []
          holdTaken(
            check,
            events.map((event) => declaredOnly(event, catalogue)),
          )
          row = change?.row ?? row
          traits.push(`${ping.signal} ${events.map(({ eventType }) => eventType).join()}`)
        }
        return ['read', ...traits]
      },
      async close() {},
    }
  },
}

function pingOf(report: Readonly<Record<string, unknown>>): Ping | { readonly refused: readonly string[] } {
  const output = typeof report.output === 'string' ? Buffer.from(report.output) : undefined
  if (output !== undefined) holdOutput(output)
  try {
    const ping = readPing(isObject(report.query) ? report.query : {})
    return { ...ping, ...(output === undefined ? {} : { output }) }
  } catch (error) {
    if (!isGatewayError(error, 'invalid_request')) throw error
    return { refused: holdProblems(error.code, error.problems, error.message, textsIn(report.query)) }
  }
}

/** What is kept of an output is text of limited length, which does nothing on a terminal, and is read as the same. */
function holdOutput(bytes: Buffer): void {
  const text = readOutput(bytes)
  if (text === undefined) return
  hold(text.length <= MAX_OUTPUT, 'plain', () => `${text.length} characters of an output are kept`)
  hold(!CONTROLS.test(text) && text.isWellFormed(), 'plain', () => `an output has controls: ${JSON.stringify(text)}`)
  holdSame(text, readOutput(Buffer.from(text)), 'read again')
}
