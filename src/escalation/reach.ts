import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import type { Language } from '../catalogue/language.ts'
import type { EscalationNote, Unreached } from '../contract/escalations.ts'
import { findSilence } from '../intake/silences/match.ts'
import { newId } from '../kernel/ids.ts'
import type { TierNotification } from '../store/change-escalations.ts'
import type { LockedEscalation } from '../store/escalations.ts'
import type { ReadSilence } from '../store/silences.ts'
import type { Target } from './next-step.ts'

/** What says whether a tier's channels and pagers can be called. */
export interface Reachability {
  readonly catalogue: Pick<Catalogue, 'channels'>
  /** False for a channel without a webhook URL: its notifications would wait until there is one. */
  readonly canSend: (channel: Channel) => boolean
  /** Names of the pagers that can be called. */
  readonly pagers: ReadonlySet<string>
}

/** Whom a tier reaches, and whom it does not. */
export interface Reached {
  readonly channels: readonly Channel[]
  readonly pagers: readonly string[]
  readonly unreached: readonly Unreached[]
}

/**
 * Finds whom a tier reaches. A silence keeps a tier's card back as it does an event's first ones: it may have been made for this
 * channel alone, after the event was accepted.
 */
export function reach(
  target: Target | undefined,
  { eventType, priority, event }: Pick<LockedEscalation, 'eventType' | 'priority' | 'event'>,
  silences: readonly ReadSilence[],
  { catalogue, canSend, pagers }: Reachability,
): Reached {
  const unreached: Unreached[] = []
  const channels = (target?.channels ?? []).flatMap((key) => {
    const channel = catalogue.channels.get(key)
    const why = whyNot(channel)
    if (why === undefined && channel) return [channel]
    unreached.push({ name: key, why: why ?? 'removed' })
    return []
  })
  const called = (target?.pagers ?? []).filter((name) => {
    if (!pagers.has(name)) unreached.push({ name, why: 'removed' })
    return pagers.has(name)
  })
  return { channels, pagers: called, unreached }

  function whyNot(channel: Channel | undefined): Unreached['why'] | undefined {
    if (channel === undefined) return 'removed'
    if (channel.muted) return 'muted'
    const [first] = silences
    if (first && event) {
      const subject = { ...event, eventType, priority, channel: channel.key }
      const silence = findSilence(
        silences.map(({ silence }) => silence),
        subject,
        first.now,
      )
      if (silence) return silence.kind
    }
    return canSend(channel) ? undefined : 'address_missing'
  }
}

/** The notifications of channels that are called. */
export function notificationsFor(
  channels: readonly Channel[],
  eventLanguage: Language | null | undefined,
  note: EscalationNote,
): readonly TierNotification[] {
  return channels.map((channel) => ({
    id: newId(),
    channel: channel.key,
    language: eventLanguage ?? channel.language,
    note,
  }))
}
