import { type CheckedEvent, checkEvent } from '../../accept/check.ts'
import { createPatientDataGuard } from '../../accept/patient-data.ts'
import { rendererOptions } from '../../app/renderer-options.ts'
import type { AcceptedEvent } from '../../events/event.ts'
import { refusalFor } from '../../http/read-events.ts'
import { GatewayError, type Problem } from '../../kernel/errors.ts'
import { correlationIdFor, newId } from '../../kernel/ids.ts'
import { nearestName } from '../../kernel/nearest.ts'
import type { Channel, Registry } from '../../registry/registry.ts'
import { routeEvent } from '../../registry/route.ts'
import { checkTemplates, createRenderer } from '../../render/renderer.ts'
import { loadSettings } from '../../settings/load.ts'
import type { Settings } from '../../settings/table.ts'
import { readEnvironment } from '../environment.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { jsonText, type Output, onOneLine } from '../output.ts'
import { type EventFlags, readEventsOf } from '../read-event.ts'
import { readRegistry } from '../registry.ts'

/** An event, and the channel whose card is shown. */
export interface RenderOptions extends EventFlags {
  readonly channel?: string
}

/** `templates check`: yes where every template can be used and every event type has a title. */
export async function checkCommand(output: Output): Promise<ExitCode> {
  const settings = loadSettings(readEnvironment())
  output.progress('Trying out the templates …')
  const { cards, problems: wrong, untitled } = checkTemplates(rendererOptions(readRegistry(settings), settings))
  const problems = [...wrong, ...untitled]
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

/** `templates render`: the card on stdout, with and without `--json`. */
export async function renderCommand(options: RenderOptions, output: Output): Promise<ExitCode> {
  const settings = loadSettings(readEnvironment())
  const registry = readRegistry(settings)
  const { channel: wanted, ...flags } = options
  const given = wanted === undefined ? undefined : findChannel(wanted, registry)
  const { checked, event } = await readEvent(flags, registry, settings, output)
  const channel = given ?? registry.channels.get(routeEvent(registry, event)[0] ?? '')
  if (channel === undefined)
    throw new GatewayError('invalid_request', [
      { at: '--channel', found: 'nothing, and no channel reads this event', expected: channelKeys(registry) },
    ])
  const { card, bytes, shrunk } = createRenderer(rendererOptions(registry, settings)).render({
    event,
    card: checked.definition.card,
    channel,
    language: event.language ?? channel.language,
    repeat: false,
  })
  process.stdout.write(`${jsonText(card)}\n`)
  if (!output.json)
    output.note(`${checked.definition.card} for ${channel.key}: ${bytes} bytes as Teams counts them, ${shrunk}`)
  return EXIT.ok
}

/** The event as it would be accepted: checked, and patient data dealt with. */
async function readEvent(
  flags: EventFlags,
  registry: Registry,
  settings: Settings,
  output: Output,
): Promise<{ checked: CheckedEvent; event: AcceptedEvent }> {
  const request = await readEventsOf(flags, output)
  const problems: Problem[] = []
  const [checked, ...more] = request.events.map((event, i) =>
    checkEvent(registry, event, `events[${i}]`, problems, settings.TEAMS_UNDECLARED_DATA),
  )
  if (problems.length > 0) throw refusalFor(request, new GatewayError('invalid_event', problems))
  if (!checked || more.length > 0)
    throw new GatewayError('invalid_request', [{ at: 'stdin', found: 'several events', expected: 'one' }])
  const kept = createPatientDataGuard(registry.eventTypes.values(), settings.TEAMS_PHI_POLICY)(checked)
  const id = newId()
  const now = new Date()
  const { definition, priority, stakeholders, language } = checked
  return {
    checked,
    event: {
      id,
      eventType: definition.name,
      correlationId: kept.correlationId ?? correlationIdFor(id),
      priority,
      stakeholders,
      data: kept.data,
      occurredAt: checked.occurredAt ?? now,
      acceptedAt: now,
      language,
    },
  }
}

/** By key, or by the name that people call it. */
function findChannel(wanted: string, registry: Registry): Channel {
  const found = [...registry.channels.values()].find(({ key, name }) => key === wanted || name === wanted)
  if (found) return found
  const near = nearestName([...registry.channels.keys()], wanted)
  throw new GatewayError('invalid_request', [
    {
      at: '--channel',
      found: 'a channel that there is not',
      expected: near ? `perhaps ${near}` : channelKeys(registry),
    },
  ])
}

function channelKeys(registry: Registry): string {
  return `one of: ${[...registry.channels.keys()].join(', ')}`
}
