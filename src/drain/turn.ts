import type { Channel } from '../registry/registry.ts'
import {
  type HeldNotification,
  holdDue,
  lockChannel,
  nextDue,
  reclaimInterrupted,
  saveChannel,
} from '../store/claim.ts'
import { endTurn, renewTurn, takeTurn } from '../store/turns.ts'
import { take } from './budget.ts'
import { planTurn } from './plan.ts'
import { recordAttempts } from './record-attempts.ts'
import type { TurnContext } from './turn-context.ts'

/** Milliseconds between a turn's signs of life; the lease of `src/store/turns.ts` is four times as long. */
const SIGN_OF_LIFE = 2_000
/** Milliseconds until a channel without an address is looked at again; a new address wakes it at once. */
const WITHOUT_ADDRESS = 60_000

/** How a turn ended: `again` after so many milliseconds, or whenever somebody wakes the channel. */
export type TurnEnd = { readonly again: number | undefined }

/**
 * One worker's turn at one channel: take the channel, and then claim, send and record until nothing is due, the
 * budget is used up, or the channel rests.
 *
 * ```
 * take ──► plan ──► hold ──► render + post ──► record ──► plan …
 *            │        └ nothing due ─► end, unless woken meanwhile ─► plan
 *            └ rest ─► end; again when the rest is over
 * ```
 *
 * Whatever is held when the process dies is put back by the next turn, at most 8 s + 1 s later. `stopping` lets
 * the posts under way finish and claims nothing more. The database throwing ends the turn; the sweep starts another.
 */
export async function runTurn(
  context: TurnContext,
  channel: Channel,
  turn: string,
  stopping: AbortSignal,
): Promise<TurnEnd> {
  const { kysely, log } = context
  if (!(await takeTurn(kysely, channel.key, turn))) return { again: undefined }
  const stopSigns = giveSignsOfLife(context, channel.key, turn)
  try {
    const cut = await reclaimInterrupted(kysely, channel.key, turn)
    for (const correlation_id of cut)
      log.warn(
        { correlation_id, channel: channel.key },
        'an attempt was cut off; the card may have arrived and is sent again',
      )
    for (;;) {
      const step = stopping.aborted ? { kind: 'rest' as const, forMs: 0 } : await claimNext(context, channel, turn)
      if (step.kind === 'lost') {
        log.warn({ channel: channel.key }, 'this turn lost its channel to another one')
        return { again: undefined }
      }
      if (step.kind === 'held') {
        const results = await context.attempts.make(channel, step.held, stopping)
        await recordAttempts(context, channel, turn, results)
        continue
      }
      const idle = step.kind === 'idle' && !stopping.aborted
      if (await endTurn(kysely, channel.key, turn, { heedWord: idle })) return { again: step.forMs }
    }
  } finally {
    stopSigns()
  }
}

type Step =
  | { readonly kind: 'lost' }
  | { readonly kind: 'held'; readonly held: readonly HeldNotification[] }
  | { readonly kind: 'idle'; readonly forMs: number | undefined }
  | { readonly kind: 'rest'; readonly forMs: number }

async function claimNext(context: TurnContext, channel: Channel, turn: string): Promise<Step> {
  if (!context.secrets.webhook(channel.key)) {
    await noteMissingAddress(context, channel, turn)
    return { kind: 'rest', forMs: WITHOUT_ADDRESS }
  }
  return context.kysely.transaction().execute(async (transaction): Promise<Step> => {
    const locked = await lockChannel(transaction, channel.key, turn)
    if (!locked) return { kind: 'lost' }
    const plan = planTurn(locked.state, channel.budget, locked.now, context.most)
    if (plan.kind === 'rest') return { kind: 'rest', forMs: plan.forMs }
    const held = await holdDue(transaction, {
      channel: channel.key,
      turn,
      limit: plan.limit,
      probe: plan.kind === 'probe',
    })
    if (held.length === 0) {
      const due = await nextDue(transaction, channel.key)
      return { kind: 'idle', forMs: due === undefined ? undefined : Math.max(0, due.getTime() - locked.now.getTime()) }
    }
    await saveChannel(transaction, channel.key, { ...plan.state, ...take(plan.state, held.length) })
    return { kind: 'held', held }
  })
}

async function noteMissingAddress({ kysely }: TurnContext, channel: Channel, turn: string): Promise<void> {
  await kysely
    .updateTable('teams_channels')
    .set((eb) => ({ last_outcome: 'address_missing', last_outcome_at: eb.fn<Date>('clock_timestamp', []) }))
    .where('key', '=', channel.key)
    .where('turn_by', '=', turn)
    .execute()
}

function giveSignsOfLife({ clock, kysely, log }: TurnContext, channel: string, turn: string): () => void {
  let ended = false
  let callOff = () => {}
  const again = () => {
    callOff = clock.after(SIGN_OF_LIFE, () => {
      // A sign that can not be given is no reason to stop: the lease decides, and the next one may get through.
      renewTurn(kysely, channel, turn)
        .catch((error: unknown) => log.warn({ err: error, channel }, 'a turn could not give its sign of life'))
        .finally(() => {
          if (!ended) again()
        })
    })
  }
  again()
  return () => {
    ended = true
    callOff()
  }
}
