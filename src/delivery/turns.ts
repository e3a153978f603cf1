import { randomUUID } from 'node:crypto'
import type { Channel } from '../catalogue/catalogue.ts'
import { startMutedTurn } from './muted-turn.ts'
import { type BacklogCheck, newBacklogCheck } from './step.ts'
import { startTurn, type Turn } from './turn.ts'
import type { TurnContext } from './turn-context.ts'

/** Milliseconds until the next turn at a channel whose turn failed, most often because the database is away. */
const RETRY_AFTER_ERROR_MS = 1_000

/** The turns of this process: at most one per channel. */
export interface ChannelTurns {
  /** Starts a turn at a channel. Where one is running in this process, that turn takes one more step before it ends. */
  wake(channelKey: string): void
  /** True while a turn runs in this process. */
  busy(): boolean
  /** Resolves when no turn runs in this process. */
  idle(): Promise<void>
  /** Claims nothing more, lets posts in flight finish, and hands the rest back. */
  stop(): Promise<void>
}

/** Makes the turns of this process, at the channels of the catalogue. */
export function createChannelTurns(context: TurnContext, channels: ReadonlyMap<string, Channel>): ChannelTurns {
  const running = new Map<string, { readonly turn: Turn; readonly ended: Promise<void> }>()
  const backlogChecks = new Map<string, BacklogCheck>()
  const timers = new Map<string, () => void>()
  const stopping = new AbortController()

  function wake(key: string): void {
    const channel = channels.get(key)
    // A channel that was removed from the configuration: its notifications wait until it is back.
    if (!channel || stopping.signal.aborted) return
    const active = running.get(key)
    if (active) {
      active.turn.wake()
      return
    }
    timers.get(key)?.()
    timers.delete(key)
    const backlogCheck = backlogChecks.get(key) ?? newBacklogCheck()
    backlogChecks.set(key, backlogCheck)
    const turn = channel.muted
      ? startMutedTurn(context, channel, randomUUID())
      : startTurn(context, channel, randomUUID(), stopping.signal, backlogCheck)
    const ended = followTurn(channel, turn).finally(() => {
      running.delete(key)
      // Woken after its last step.
      if (turn.missedWake) wake(key)
    })
    running.set(key, { turn, ended })
  }

  async function followTurn(channel: Channel, turn: Turn): Promise<void> {
    let again: number | undefined
    try {
      again = (await turn.ended).again
    } catch (error) {
      context.log.write('turn_failed', { err: error, channel: channel.key })
      again = RETRY_AFTER_ERROR_MS
    }
    if (again === undefined || stopping.signal.aborted) return
    timers.set(
      channel.key,
      context.clock.after(again, () => wake(channel.key)),
    )
  }

  async function allEnded(): Promise<void> {
    await Promise.all([...running.values()].map(({ ended }) => ended))
  }

  return {
    wake,
    busy: () => running.size > 0,
    async idle() {
      while (running.size > 0) await allEnded()
    },
    async stop() {
      stopping.abort()
      for (const callOff of timers.values()) callOff()
      timers.clear()
      await allEnded()
    },
  }
}
