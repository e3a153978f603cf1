import type { Channel } from '../catalogue/catalogue.ts'
import { reclaimInterrupted } from '../store/claim.ts'
import { endTurn, renewTurn, takeTurn } from '../store/turns.ts'
import { suppressMuted } from '../store/waiting.ts'
import type { Turn, TurnEnd } from './turn.ts'
import type { TurnContext } from './turn-context.ts'

/** Notifications that one statement suppresses: few enough to take far less time than the turn's lease. */
const ROWS_PER_STATEMENT = 500

/**
 * Starts a turn at a muted channel, which suppresses the channel's backlog: notifications that were accepted before the
 * channel was muted, or by a replica with an older configuration. Notifications that another turn has just posted are
 * left to that turn.
 */
export function startMutedTurn(context: TurnContext, channel: Channel, turn: string): Turn {
  let woken = false
  return {
    wake() {
      woken = true
    },
    get missedWake() {
      return woken
    },
    ended: suppressWaiting(context, channel.key, turn),
  }
}

async function suppressWaiting(context: TurnContext, channel: string, turn: string): Promise<TurnEnd> {
  const { kysely, metrics, log } = context
  if (!(await takeTurn(kysely, channel, turn))) return { again: undefined }
  let suppressed = 0
  try {
    await reclaimInterrupted(kysely, channel, turn)
    do {
      const count = await suppressMuted(kysely, channel, turn, ROWS_PER_STATEMENT)
      suppressed += count
      metrics.count('teams_notifications_suppressed_total', { channel, reason: 'muted' }, count)
      if (count === ROWS_PER_STATEMENT) await renewTurn(kysely, channel, turn)
      // Ends the loop unless the channel was woken meanwhile, or this was a full page.
      else if (await endTurn(kysely, channel, turn, { recheckIfWoken: true })) break
    } while (!context.hurry.aborted)
  } catch (error) {
    await endTurn(kysely, channel, turn, { recheckIfWoken: false }).catch(() => undefined)
    throw error
  } finally {
    if (suppressed > 0) log.write('notifications_suppressed', { channel, suppressed })
  }
  return { again: undefined }
}
