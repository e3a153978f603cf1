import type { EventType } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import type { EventInput, UncheckedEvent } from '../contract/events.ts'
import { openCards } from '../gateway/cards.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { describeValue, GatewayError } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { usableSettings } from '../settings/load.ts'
import type { Settings } from '../settings/table.ts'
import { environmentOf } from './environment-of.ts'

/** An Adaptive Card, version 1.5, as JSON has it. */
export type AdaptiveCard = JsonObject

/**
 * Which settings and which configuration cards are built with: those of `createGateway`. Where all are absent they are those of
 * the process, `process.env` over the `.env` file of the working folder.
 */
export type CardBuilderOptions = Pick<GatewayOptions, 'settings' | 'env' | 'config'>

/** The channel and the language of a card. */
export interface CardPlace {
  /**
   * The channel to which the card would be posted, by key (`sre`) or by its name in Teams (`#sre-alerts`). It decides who is
   * mentioned, and the language where nobody else says one. A channel that is muted, or has no webhook URL, has cards too.
   */
  readonly channel: string
  /** The event's `language` if absent; where that is absent too, the channel's, and last TEAMS_LANGUAGE. */
  readonly language?: Language
}

/** Builds cards with the settings, the configuration and the templates that were read when it was made. */
export interface CardBuilder {
  /**
   * Builds one card; takes a few milliseconds. Everything else is as {@link buildCard} has it.
   *
   * @param event - The event, as `sendTeamsNotification` takes it.
   * @param place - The channel and the language.
   * @throws GatewayError `invalid_event`, `invalid_request`, `invalid_template`
   */
  build<T extends EventType>(event: EventInput<T>, place: CardPlace): AdaptiveCard
}

/** Where a card would be posted, and what it is built with. */
export interface BuildCardOptions extends CardPlace, CardBuilderOptions {}

/**
 * Makes a {@link CardBuilder}, for programs that build several cards: settings, configuration file and templates are read
 * here, which takes about half a second, and kept by the builder. Nothing is kept anywhere else, and a file that changes
 * later changes nothing.
 *
 * @example
 * ```ts
 * import { createCardBuilder } from 'claimlinc-teams'
 *
 * const cards = createCardBuilder({ settings: { TEAMS_PHI_POLICY: 'omit' } })
 * for (const language of ['en', 'ar'] as const) {
 *   const event = { eventType: 'backup.failed', data: { subject: 'claims-db', description: 'No backup' } } as const
 *   console.log(cards.build(event, { channel: 'sre', language }))
 * }
 * ```
 *
 * @param options - The settings and the configuration; those of the process if absent.
 * @throws GatewayError `invalid_settings`, `invalid_config_file`, `invalid_template`
 */
export function createCardBuilder(options: CardBuilderOptions = {}): CardBuilder {
  const names = { event: 'event', channel: 'options.channel', language: 'options.language', mayRoute: false }
  const cards = openCards(settingsOf(options), names, options.config)
  return {
    build(event, place) {
      if (!isObject(place))
        throw new GatewayError('invalid_request', [
          { at: 'options', found: describeValue(place), expected: 'an object with channel, and language if you like' },
        ])
      return cards.build(event as UncheckedEvent, place).card
    },
  }
}

/**
 * Builds the card that the gateway would post for an event to a channel, and gives it back: for previews, for tests, and for
 * programs that post it by themselves. Nothing is sent, stored or routed; no database and no network is used.
 *
 * It goes the way of an accepted event, as the command `claimlinc-teams templates render` does. The event is checked;
 * fields that its type does not declare are dealt with as TEAMS_UNDECLARED_DATA says, and patient data as TEAMS_PHI_POLICY
 * says; long texts are cut, and the card is made to fit TEAMS_CARD_MAX_BYTES, which is below the 28,672 bytes that Teams takes.
 * It also reads TEAMS_CONFIG_FILE (channels, groups, event types and templates of your own), TEAMS_LANGUAGE, TEAMS_TIME_ZONE and
 * the TEAMS_LINK_ settings. Every other setting is checked, as at a gateway's start, and not used.
 *
 * What the gateway makes up when it accepts an event is made up anew in each call: the event's id, and where the event
 * has none, its correlation id and its time.
 *
 * Each call reads settings, configuration file and templates again, which takes about half a second; nothing is kept between
 * calls. For more than a few cards use {@link createCardBuilder}.
 *
 * @example
 * ```ts
 * import { buildCard, TeamsPriority } from 'claimlinc-teams'
 *
 * const card = buildCard(
 *   {
 *     eventType: 'nphies.claim.rejected',
 *     data: { claim_id: 'CLM-2025-001234', patient_id: 'P123456789', rejection_reason: 'Not covered' },
 *     priority: TeamsPriority.HIGH,
 *   },
 *   { channel: 'nphies_integration', language: 'ar' },
 * )
 * console.log(JSON.stringify(card, null, 2)) // shows the patient as P••••6789
 * ```
 *
 * @param event - The event, as {@link sendTeamsNotification} takes it; its `stakeholders` are shown and route nothing.
 * @param options - The channel and the language, and settings or a configuration other than those of the process.
 * @returns The card alone, without the message that a stock flow wants around it.
 * @throws GatewayError `invalid_event` with every problem of event, channel and language at once; `invalid_request` where only
 * channel or language are wrong; `invalid_settings`, `invalid_config_file` or `invalid_template` for what it reads.
 */
export function buildCard<T extends EventType>(event: EventInput<T>, options: BuildCardOptions): AdaptiveCard {
  return createCardBuilder(isObject(options) ? options : {}).build(event, options)
}

function settingsOf(options: CardBuilderOptions): Settings {
  const read = environmentOf(options)
  const { settings, problems } = usableSettings(read.env)
  if (read.problems.length + problems.length > 0)
    throw new GatewayError('invalid_settings', [...read.problems, ...problems])
  return settings
}
