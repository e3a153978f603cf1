import type { SHRINK_STEPS } from '../cards/rendered-card.ts'
import { checkTemplates, createRenderer, rendererOptions } from '../cards/renderer.ts'
import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import type { ConfigInput } from '../catalogue/config-input.ts'
import { LANGUAGES, type Language } from '../catalogue/language.ts'
import { catalogueOf } from '../catalogue/load.ts'
import { routeEvent } from '../catalogue/route.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { acceptedEvent } from '../intake/accepted-event.ts'
import { withSizeLimits } from '../intake/bounds.ts'
import { checkEvent } from '../intake/check-event.ts'
import { createPatientDataGuard } from '../intake/patient-data/patient-data.ts'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import type { Settings } from '../settings/table.ts'
import { inJsonbOrder } from '../store/jsonb-order.ts'

/** The card that an event makes in a channel. */
export interface BuiltCard {
  /** The Adaptive Card, version 1.5. */
  readonly card: JsonObject
  /** Name of its template. */
  readonly name: string
  /** Key of the channel. */
  readonly channel: string
  /** Its size as Teams counts it, in bytes. */
  readonly bytes: number
  /** The last step of shrinking that the card needed to fit. */
  readonly shrunk: (typeof SHRINK_STEPS)[number]
}

/** Channel and language of a card, not yet checked. */
export interface UncheckedPlace {
  /** Key of the channel, or its name in Teams. */
  readonly channel?: unknown
  /** If absent, the event's language; if that is absent too, the channel's. */
  readonly language?: unknown
}

/** Names of the event and of the fields of {@link UncheckedPlace} in problems, for example `event` and `--channel`. */
export interface PlaceNames {
  readonly event: string
  readonly channel: string
  readonly language: string
  /** True: without `channel`, the first channel that the event is routed to is used. False: that is a problem. */
  readonly mayRoute: boolean
}

/** Builds cards. Sends and stores nothing. */
export interface Cards {
  /**
   * Builds the card of an event in the steps for an accepted event: checked, patient data masked, long texts cut.
   *
   * @throws GatewayError with every problem: `invalid_event` if the event has one, `invalid_request` if only channel or
   * language have
   */
  build(event: UncheckedEvent, place: UncheckedPlace): BuiltCard
}

/** Checks every template in each language, with the configuration file of the settings. */
export function checkAllCards(settings: Settings): ReturnType<typeof checkTemplates> {
  return checkTemplates(rendererOptions(catalogueOf(settings), settings))
}

/**
 * Reads the configuration and the templates of the settings, which takes about a quarter of a second. After that a card takes a few
 * milliseconds.
 *
 * @throws GatewayError `invalid_config_file`, `invalid_template`
 */
export function openCards(settings: Settings, names: PlaceNames, config?: ConfigInput): Cards {
  const catalogue = catalogueOf(settings, config)
  const renderer = createRenderer(rendererOptions(catalogue, settings))
  const guard = createPatientDataGuard(catalogue.eventTypes.values(), settings.TEAMS_PHI_POLICY)
  return {
    build(unchecked, place) {
      const problems: Problem[] = []
      const checked = checkEvent(catalogue, unchecked, names.event, problems, settings.TEAMS_UNDECLARED_DATA)
      const code = problems.length > 0 ? 'invalid_event' : 'invalid_request'
      const named = checkChannel(catalogue, place.channel, names, problems)
      const language = checkLanguage(place.language, names, problems)
      if (checked === undefined || problems.length > 0) throw new GatewayError(code, problems)

      const stored = withSizeLimits(checked.definition, guard(checked))
      const event = acceptedEvent(checked, { ...stored, data: inJsonbOrder(stored.data) }, new Date())
      const channel = named ?? catalogue.channels.get(routeEvent(catalogue, event)[0] ?? '')
      if (channel === undefined)
        throw new GatewayError('invalid_request', [
          { at: names.channel, found: 'nothing, and no channel reads this event', expected: channelKeys(catalogue) },
        ])
      const { card: name } = checked.definition
      const { card, bytes, shrunk } = renderer.render({
        event,
        card: name,
        channel,
        language: language ?? event.language ?? channel.language,
        repeat: false,
      })
      return { card, name, channel: channel.key, bytes, shrunk }
    },
  }
}

function checkChannel(
  catalogue: Catalogue,
  given: unknown,
  { channel: at, mayRoute }: PlaceNames,
  problems: Problem[],
): Channel | undefined {
  if (given === undefined && mayRoute) return undefined
  const found = [...catalogue.channels.values()].find(({ key, name }) => key === given || name === given)
  if (found) return found
  const text = typeof given === 'string' && given !== '' ? given : undefined
  const near = text === undefined ? undefined : nearestName([...catalogue.channels.keys()], text)
  problems.push({
    at,
    found: text === undefined ? describeValue(given) : 'a channel that there is not',
    expected: near ? `perhaps ${near}` : channelKeys(catalogue),
  })
  return undefined
}

function checkLanguage(given: unknown, { language: at }: PlaceNames, problems: Problem[]): Language | undefined {
  const language = LANGUAGES.find((known) => known === given)
  if (language === undefined && given !== undefined)
    problems.push({ at, found: describeValue(given), expected: `one of ${LANGUAGES.join(', ')}` })
  return language
}

function channelKeys(catalogue: Catalogue): string {
  return `one of: ${[...catalogue.channels.keys()].join(', ')}`
}
