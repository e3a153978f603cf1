import { setTimeout } from 'node:timers/promises'
import type { GatewayService } from '../contract/service.ts'
import type { Silence, SilenceView } from '../contract/silences.ts'
import { checkSilence } from '../intake/silences/check-silence.ts'
import { dataKeysOf, findSilence } from '../intake/silences/match.ts'
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
import type { UseCaseParts } from './calls.ts'

/** Waiting notifications that are read and suppressed in one step. */
const PAGE_SIZE = 1_000
/** Attempts to suppress the waiting notifications of a new silence, and the pause between two. */
const MAX_TRIES = 3
const RETRY_PAUSE_MS = 250

/** Makes the use cases of silences. A silence's state follows the database's clock, which all replicas share. */
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
   * Suppresses the matching notifications that wait already, and returns their number. The silence is committed before: intake
   * suppresses notifications of events that are accepted later. A notification that commits behind the page just read is still
   * sent.
   *
   * Never throws, because the silence exists: a caller who got an error would create a second one. A failure (a lock of a turn, a
   * short loss of the database) is tried again, and after {@link MAX_TRIES} logged.
   */
  async function suppressWithRetries(made: ReadSilence): Promise<number> {
    const suppressed = { count: 0 }
    for (let tries = 1; ; tries++)
      try {
        await suppressMatching(made, suppressed)
        return suppressed.count
      } catch (error) {
        if (tries === MAX_TRIES) {
          log.write('silence_incomplete', { err: error, silence_id: made.silence.id, kept_back: suppressed.count })
          return suppressed.count
        }
        await setTimeout(RETRY_PAUSE_MS)
      }
  }

  /** Adds each page's number to `suppressed` at once, so that pages done before a failure are counted. */
  async function suppressMatching({ silence, now }: ReadSilence, suppressed: { count: number }): Promise<void> {
    const dataKeys = dataKeysOf(silence.matchers)
    for (const channel of await channelKeys(kysely)) {
      let after: WaitingNotification | undefined
      do {
        const page = await readWaiting(kysely, { channel, after, dataKeys, limit: PAGE_SIZE })
        const matching = page.filter((waiting) => findSilence([silence], waiting, now) !== undefined)
        suppressed.count += await suppressWaiting(kysely, silence, matching)
        after = page.length === PAGE_SIZE ? page.at(-1) : undefined
      } while (after)
    }
  }

  return {
    createSilence: (unchecked, by) =>
      committingEach(async () => {
        const checked = checkSilence(unchecked, catalogue, await readClock(kysely))
        const made = await insertSilence(kysely, { ...checked, createdBy: by })
        const view = viewOf(made)
        const keptBack = view.state === 'active' ? await suppressWithRetries(made) : 0
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
      // Not an SQL condition: stateAt decides, as for notifications. All open silences are read for it, and they are few.
      const open = state === 'active' || state === 'waiting'
      const found = open
        ? (await readSilences(kysely, { open, kind, cursor })).filter((silence) => viewOf(silence).state === state)
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
