import { refusalFor } from '../../contract/events-request.ts'
import { type BuiltCard, checkAllCards, openCards } from '../../gateway/cards.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { loadSettings } from '../../settings/load.ts'
import { readEnvironment } from '../environment.ts'
import { jsonText, type Output, onOneLine } from '../output.ts'
import { type EventFlags, readEventsOf } from '../read-event.ts'

/** Options of `templates render`: an event and a channel. */
export interface RenderOptions extends EventFlags {
  readonly channel?: string
}

/** Names in problems: the event's path in the request, as {@link refusalFor} expects it, and the options. */
const NAMES = { event: 'events[0]', channel: '--channel', language: '--language', mayRoute: true } as const

/** `templates check`: exit code `ok` if every template can be used and every event type has a title. */
export async function checkCommand(output: Output): Promise<ExitCode> {
  const settings = loadSettings(readEnvironment())
  output.progress('Trying out the templates …')
  const { cards, problems: templateProblems, untitled } = checkAllCards(settings)
  const problems = [...templateProblems, ...untitled]
  output.answer({ ok: problems.length === 0, cards, problems })
  for (const { at, found, expected } of problems)
    output.print(`${output.paint('red', 'wrong')}  ${onOneLine(`${at}: found ${found}; expected ${expected}`)}`)
  output.print(
    problems.length === 0
      ? `${output.paint('green', 'ok')}  ${cards.length} cards can be drawn in every language: ${cards.join(', ')}`
      : `${problems.length} problems in ${cards.length} cards.`,
  )
  return problems.length === 0 ? EXIT.ok : EXIT.no
}

/** `templates render`: prints the card as JSON on stdout, with and without `--json`. */
export async function renderCommand(options: RenderOptions, output: Output): Promise<ExitCode> {
  const settings = loadSettings(readEnvironment())
  const { channel, ...flags } = options
  const cards = openCards(settings, NAMES)
  const request = await readEventsOf(flags, output)
  const [event, ...more] = request.events
  if (event === undefined || more.length > 0)
    throw new GatewayError('invalid_request', [{ at: 'stdin', found: 'several events', expected: 'one' }])
  let built: BuiltCard
  try {
    built = cards.build(event, { channel })
  } catch (error) {
    throw refusalFor(request, error)
  }
  process.stdout.write(`${jsonText(built.card)}\n`)
  if (!output.json)
    output.note(`${built.name} for ${built.channel}: ${built.bytes} bytes as Teams counts them, ${built.shrunk}`)
  return EXIT.ok
}
