import type { Priority } from '../catalogue/priority.ts'
import type { ChannelView } from '../contract/channels.ts'
import type { GatewayService } from '../contract/service.ts'
import { refill } from '../delivery/budget.ts'
import { type ChannelRow, readBacklog, readChannels } from '../store/channels.ts'
import type { Database } from '../store/database.ts'
import type { Destination } from '../transports/transport.ts'
import type { UseCaseParts } from './calls.ts'

/** Makes the use case that lists the channels. */
export function createChannels(parts: UseCaseParts): Pick<GatewayService, 'listChannels'> {
  return { listChannels: () => viewChannels(parts, parts.database.kysely) }
}

/** Reads every channel with its budget, backlog and breaker, through the given connection. */
export async function viewChannels(
  { catalogue, transport }: Pick<UseCaseParts, 'catalogue' | 'transport'>,
  kysely: Database['kysely'],
): Promise<readonly ChannelView[]> {
  const [rows, backlogs] = await Promise.all([readChannels(kysely), readBacklog(kysely)])
  return [...catalogue.channels.values()].map((channel): ChannelView => {
    const row = rows.get(channel.key)
    const backlog: Record<Priority, number> = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, INFO: 0 }
    let oldest: Date | null = null
    for (const part of backlogs) {
      if (part.channel !== channel.key) continue
      backlog[part.priority] = part.count
      if (oldest === null || part.oldest < oldest) oldest = part.oldest
    }
    const destination = transport.destination(channel)
    const tokens = row ? refill(row, channel.budget, row.now).tokens : channel.budget.burst
    const restsUntil = row?.pausedUntil && row.pausedUntil > row.now ? row.pausedUntil : null
    return {
      key: channel.key,
      name: channel.name,
      configured: destination.ready,
      muted: channel.muted,
      reason: reasonOf(channel.muted, destination, row),
      budgetLeft: Math.floor(tokens),
      budget: channel.budget,
      backlog,
      oldestWaitingAt: oldest,
      breaker: row?.breaker ?? 'closed',
      restsUntil,
      lastOutcome: row?.lastOutcome ?? null,
      lastOutcomeAt: row?.lastOutcomeAt ?? null,
    }
  })
}

/** Why a channel gets no cards; null while it gets cards. */
function reasonOf(muted: boolean, destination: Destination, row: ChannelRow | undefined): string | null {
  if (muted) return 'muted'
  if (!destination.ready) return destination.reason
  return row === undefined || row.breaker === 'closed' ? null : row.lastOutcome
}
