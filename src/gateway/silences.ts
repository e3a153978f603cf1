import { setTimeout } from 'node:timers/promises'
import type { GatewayService } from '../contract/service.ts'
import type { Silence, SilenceView } from '../contract/silences.ts'
import { checkSilence } from '../intake/silences/check-silence.ts'
import { dataKeysOf, silencing } from '../intake/silences/match.ts'
import { occurrenceAt, stateAt } from '../intake/silences/times.ts'
import {
  countSuppressed,
  endSilence,
  insertSilence,
  type ReadSilence,
  readClock,
  readSilence,
  readSilences,
} from '../store/silences.ts'
import { channelKeys, readWaiting, suppressWaiting, type WaitingNotification } from '../store/suppress-waiting.ts'
import { committingEach } from '../store/transactions.ts'
import type { UseCaseParts } from './use-case.ts'

/** Notifications that are looked at together when a silence is made. */
const PAGE = 1_000
/** How often it is tried to keep back what waits, and after how many milliseconds each. */
const TRIES = 3
const PAUSE_MS = 250

/** The part of the service that makes, lists and ends silences. What they are like at a moment is by the database's clock. */
export function createSilences({
  database,
  catalogue,
  log,
}: Pick<UseCaseParts, 'database' | 'catalogue' | 'log'>): Pick<
  GatewayService,
  'createSilence' | 'listSilences' | 'getSilence' | 'endSilence'
> {
  const { kysely } = database

  /**
   * Keeps back what waits already. The silence is committed before, so what is accepted from then on is kept back where it
   * is accepted. What a call is accepting at this very moment, and commits behind our page, still makes its card.
   *
   * So it never throws: the silence is there, and who was told of a failure would make another one. What fails is tried again
   * (a turn or a lock was in the way, the database was away for a moment), and then told in the log.
   *
   * @returns how many were kept back
   */
  async function keepBackPatiently(made: ReadSilence): Promise<number> {
    const kept = { count: 0 }
    for (let tries = 1; ; tries++)
      try {
        await keepBackWaiting(made, kept)
        return kept.count
      } catch (error) {
        if (tries === TRIES) {
          log.write('silence_incomplete', { err: error, silence_id: made.silence.id, kept_back: kept.count })
          return kept.count
        }
        await setTimeout(PAUSE_MS)
      }
  }

  /** Counts in `kept` as it goes, so that what was done before a failure is counted. */
  async function keepBackWaiting({ silence, now }: ReadSilence, kept: { count: number }): Promise<void> {
    const dataKeys = dataKeysOf(silence.matchers)
    for (const channel of await channelKeys(kysely)) {
      let after: WaitingNotification | undefined
      do {
        const page = await readWaiting(kysely, { channel, after, dataKeys, limit: PAGE })
        const matching = page.filter((waiting) => silencing([silence], waiting, now) !== undefined)
        kept.count += await suppressWaiting(kysely, silence, matching)
        after = page.length === PAGE ? page.at(-1) : undefined
      } while (after)
    }
  }

  return {
    createSilence: (unchecked, by) =>
      committingEach(async () => {
        const checked = checkSilence(unchecked, catalogue, await readClock(kysely))
        const made = await insertSilence(kysely, { ...checked, createdBy: by })
        const view = viewOf(made)
        const keptBack = view.state === 'active' ? await keepBackPatiently(made) : 0
        log.write('silence_created', {
          silence_id: view.id,
          kind: view.kind,
          state: view.state,
          by,
          kept_back: keptBack,
        })
        return { ...view, keptBack }
      }),
    async listSilences({ state, kind, limit, cursor }) {
      // What is active is told by the one function that also decides on notifications; those that are open are few.
      const open = state === 'active' || state === 'waiting'
      const found = open
        ? (await readSilences(kysely, { open, kind, cursor })).filter((one) => viewOf(one).state === state)
        : await readSilences(kysely, { ...(state === 'over' ? { open: false } : {}), kind, cursor, limit })
      const silences = found.slice(0, limit).map(viewOf)
      return { silences, nextCursor: found.length > limit ? (silences.at(-1)?.id ?? null) : null }
    },
    async getSilence(id) {
      const view = viewOf(await readSilence(kysely, id))
      return { ...view, keptBack: await countSuppressed(kysely, view.id) }
    },
    endSilence: (id, by) =>
      committingEach(async () => {
        const view = viewOf(await endSilence(kysely, id, by))
        log.write('silence_ended', { silence_id: view.id, kind: view.kind, by })
        return view
      }),
  }
}

function viewOf({ silence, now }: { readonly silence: Silence; readonly now: Date }): SilenceView {
  return { ...silence, state: stateAt(silence, now), occurrence: occurrenceAt(silence, now) ?? null }
}
