import type { EventType } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import type { EventInput, UncheckedEvent } from '../contract/events.ts'
import { openCards } from '../gateway/cards.ts'
import { environmentOf, type GatewayOptions } from '../gateway/options.ts'
import { describeValue, GatewayError } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { usableSettings } from '../settings/load.ts'
import type { Settings } from '../settings/table.ts'

/** An Adaptive Card, version 1.5, as JSON has it. */
export type AdaptiveCard = JsonObject

/**
 * Settings and configuration that cards are built with, as `createGateway` takes them. If all are absent: `process.env` over the
 * `.env` file of the working folder.
 */
export type CardBuilderOptions = Pick<GatewayOptions, 'settings' | 'env' | 'config'>

/** The channel and the language of a card. */
export interface CardPlace {
  /**
   * The channel to which the card would be posted, by key (`sre`) or by its name in Teams (`#sre-alerts`). It decides who is
   * mentioned, and the language if neither `language` nor the event has one. Cards can also be built for a channel that is muted
   * or has no webhook URL.
   */
  readonly channel: string
  /** If absent, the first of these that is set: the event's `language`, the channel's, TEAMS_LANGUAGE. */
  readonly language?: Language
}

/** Builds cards with the settings, the configuration and the templates that {@link createCardBuilder} read. */
export interface CardBuilder {
  /**
   * Builds one card in a few milliseconds. Checks, masking and size are those of {@link buildCard}.
   *
   * @param event - The event, as `sendTeamsNotification` takes it.
   * @param place - The channel and the language.
   * @throws GatewayError `invalid_event`, `invalid_request`, `invalid_template`
   */
  build<T extends EventType>(event: EventInput<T>, place: CardPlace): AdaptiveCard
}

/** Channel and language of a card, and the settings and configuration that it is built with. */
export interface BuildCardOptions extends CardPlace, CardBuilderOptions {}

/**
 * Makes a {@link CardBuilder}, for programs that build several cards. Reads settings, configuration file and templates once,
 * which takes about a quarter of a second. The builder alone stores them, and does not see later changes of these files.
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
 * @param options - Settings and configuration; those of the process if absent.
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
 * Returns the card that the gateway would post for an event to a channel: for previews, tests, and programs that post cards
 * themselves. Nothing is sent, stored or routed; no database and no network is used.
 *
 * The steps are those for an accepted event, as in the command `claimlinc-teams templates render`. The event is checked.
 * TEAMS_UNDECLARED_DATA applies to fields that its type does not declare, and TEAMS_PHI_POLICY to patient data. Long texts are
 * cut, and the card shrinks until it fits TEAMS_CARD_MAX_BYTES, which is below the 28,672 bytes that Teams takes.
 * It also reads TEAMS_CONFIG_FILE (channels, groups, event types and templates of your own), TEAMS_LANGUAGE, TEAMS_TIME_ZONE and
 * the TEAMS_LINK_ settings. Every other setting is checked, as at a gateway's start, and not used.
 *
 * Each call generates a new event id; also a new correlation id and time, if the event has none.
 *
 * Each call reads settings, configuration file and templates again, which takes about a quarter of a second; nothing is cached between
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
 * @returns The card alone, without the message envelope that a stock Workflows flow expects.
 * @throws GatewayError `invalid_event` with every problem of event, channel and language at once; `invalid_request` if only
 * channel or language are wrong; `invalid_settings`, `invalid_config_file` or `invalid_template` for the files that it reads.
 */
export function buildCard<T extends EventType>(event: EventInput<T>, options: BuildCardOptions): AdaptiveCard {
  return createCardBuilder(isObject(options) ? options : {}).build(event, options)
}

function settingsOf(options: CardBuilderOptions): Settings {
  const environment = environmentOf(options)
  const usable = usableSettings(environment.env)
  const problems = [...environment.problems, ...usable.problems]
  if (problems.length > 0) throw new GatewayError('invalid_settings', problems)
  return usable.settings
}
