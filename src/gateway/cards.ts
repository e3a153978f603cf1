import type { SHRINK_STEPS } from '../cards/rendered-card.ts'
import { checkTemplates, createRenderer, rendererOptions } from '../cards/renderer.ts'
import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import { catalogueOf } from '../catalogue/load.ts'
import { routeEvent } from '../catalogue/route.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { checkEvent } from '../intake/check-event.ts'
import { createPatientDataGuard } from '../intake/patient-data/patient-data.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { correlationIdFor, newId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import type { Settings } from '../settings/table.ts'

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
  /** How far it had to shrink to fit. */
  readonly shrunk: (typeof SHRINK_STEPS)[number]
}

/** Builds cards without sending or storing anything. */
export interface Cards {
  /**
   * Builds the card of an event as it would be accepted: checked, and with patient data masked.
   *
   * @param channelKey the first channel that the event goes to if absent
   * @throws GatewayError `invalid_event` with every problem, `invalid_request` where no channel reads the event
   */
  build(event: UncheckedEvent, channelKey?: string): BuiltCard
  /**
   * Finds a channel by its key, or by its name in Teams.
   *
   * @throws GatewayError `invalid_request`
   */
  channel(keyOrName: string): Channel
}

/** Tries out every template in each language, with the configuration file of the settings. */
export function checkAllCards(settings: Settings): ReturnType<typeof checkTemplates> {
  return checkTemplates(rendererOptions(catalogueOf(settings), settings))
}

/**
 * Reads the configuration file and the templates of the settings.
 *
 * @param channelField what the caller calls the channel, for refusals: `--channel`
 * @throws GatewayError `invalid_config_file`, `invalid_template`
 */
export function openCards(settings: Settings, channelField: string): Cards {
  const catalogue = catalogueOf(settings)
  const renderer = createRenderer(rendererOptions(catalogue, settings))
  const guard = createPatientDataGuard(catalogue.eventTypes.values(), settings.TEAMS_PHI_POLICY)
  return {
    build(unchecked, channelKey) {
      const problems: Problem[] = []
      const checked = checkEvent(catalogue, unchecked, 'events[0]', problems, settings.TEAMS_UNDECLARED_DATA)
      if (checked === undefined || problems.length > 0) throw new GatewayError('invalid_event', problems)
      const kept = guard(checked)
      const id = newId()
      const now = new Date()
      const { definition, priority, stakeholders, language } = checked
      const event = {
        id,
        eventType: definition.name,
        correlationId: kept.correlationId ?? correlationIdFor(id),
        priority,
        stakeholders,
        data: kept.data,
        occurredAt: checked.occurredAt ?? now,
        acceptedAt: now,
        language,
      }
      const channel = catalogue.channels.get(channelKey ?? routeEvent(catalogue, event)[0] ?? '')
      if (channel === undefined)
        throw new GatewayError('invalid_request', [
          { at: channelField, found: 'nothing, and no channel reads this event', expected: channelKeys(catalogue) },
        ])
      const { card, bytes, shrunk } = renderer.render({
        event,
        card: definition.card,
        channel,
        language: language ?? channel.language,
        repeat: false,
      })
      return { card, name: definition.card, channel: channel.key, bytes, shrunk }
    },
    channel(keyOrName) {
      const found = [...catalogue.channels.values()].find(({ key, name }) => key === keyOrName || name === keyOrName)
      if (found) return found
      const near = nearestName([...catalogue.channels.keys()], keyOrName)
      throw new GatewayError('invalid_request', [
        {
          at: channelField,
          found: 'a channel that there is not',
          expected: near ? `perhaps ${near}` : channelKeys(catalogue),
        },
      ])
    },
  }
}

function channelKeys(catalogue: Catalogue): string {
  return `one of: ${[...catalogue.channels.keys()].join(', ')}`
}
