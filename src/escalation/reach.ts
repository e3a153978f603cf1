import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import type { Language } from '../catalogue/language.ts'
import type { EscalationNote, Unreached } from '../contract/escalations.ts'
import type { Silence } from '../contract/silences.ts'
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
  /** Names of the pagers of the configuration. */
  readonly pagers: ReadonlySet<string>
  /** False for a pager without a key: its pager alerts would wait until there is one. */
  readonly canAlert: (pager: string) => boolean
}

/** Whom a tier reaches, and whom it does not. */
export interface Reached {
  readonly channels: readonly Channel[]
  readonly pagers: readonly string[]
  readonly unreached: readonly Unreached[]
  /** A silence that keeps a channel or a pager back. */
  readonly silence: Silence | undefined
}

/**
 * Finds whom a tier reaches. A silence keeps a tier's card back as it does an event's first ones: it may have been made for this
 * channel alone, after the event was accepted. So it does with a tier's pager alerts.
 */
export function reach(
  target: Target | undefined,
  { eventType, priority, event }: Pick<LockedEscalation, 'eventType' | 'priority' | 'event'>,
  silences: readonly ReadSilence[],
  { catalogue, canSend, pagers, canAlert }: Reachability,
): Reached {
  const unreached: Unreached[] = []
  let found: Silence | undefined
  const channels = (target?.channels ?? []).flatMap((key) => {
    const channel = catalogue.channels.get(key)
    const why = whyNot(channel)
    if (why === undefined && channel) return [channel]
    unreached.push({ name: key, why: why ?? 'removed' })
    return []
  })
  const called = (target?.pagers ?? []).filter((name) => {
    const why = whyNoAlert(name)
    if (why !== undefined) unreached.push({ name, why })
    return why === undefined
  })
  return { channels, pagers: called, unreached, silence: found }

  function whyNot(channel: Channel | undefined): Unreached['why'] | undefined {
    if (channel === undefined) return 'removed'
    if (channel.muted) return 'muted'
    return canSend(channel) ? silenceOf(channel.key)?.kind : 'address_missing'
  }

  function whyNoAlert(name: string): Unreached['why'] | undefined {
    if (!pagers.has(name)) return 'removed'
    // No channel has this key. A silence of every channel matches it, and one of some channels does not.
    return canAlert(name) ? silenceOf(`pager:${name}`)?.kind : 'address_missing'
  }

  function silenceOf(channel: string): Silence | undefined {
    const [first] = silences
    if (!first || !event) return undefined
    const silence = findSilence(
      silences.map(({ silence }) => silence),
      { ...event, eventType, priority, channel },
      first.now,
    )
    found ??= silence
    return silence
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
