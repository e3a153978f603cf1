import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import { readStats } from '../store/stats.ts'
import type { UseCaseParts } from './calls.ts'

/** Longest period, in days: the figures of a year are those of its months. */
const LONGEST_DAYS = 366
const DAY_MS = 86_400_000

/** Makes the use case of the figures. */
export function createStats({ database }: Pick<UseCaseParts, 'database'>): Pick<GatewayService, 'stats'> {
  return {
    async stats(period) {
      const ms = period.until.getTime() - period.since.getTime()
      if (ms > 0 && ms <= LONGEST_DAYS * DAY_MS) return readStats(database.kysely, period)
      throw new GatewayError('invalid_request', [
        {
          at: 'since',
          found: ms > 0 ? `${Math.ceil(ms / DAY_MS)} days before until` : 'a time that is not before until',
          expected: `a time before until, at most ${LONGEST_DAYS} days`,
        },
      ])
    },
  }
}
