import { sourceOrigin } from '../contract/sources.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { AcceptFromSource } from '../sources/runner.ts'
import { FencedOut } from '../sources/source.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'
import { reportAccepted } from './send-events.ts'

/** Accepts what sources have seen. */
export interface AcceptsFromSources {
  /** Writes events of a source in the transaction of its checkpoint: all of it, or nothing. */
  readonly acceptFromSource: AcceptFromSource
}

/**
 * Makes the use case that accepts events of sources. An event is the same by its key alone: what was measured may differ when the same
 * thing is seen again.
 */
export function createAcceptFromSource(parts: UseCaseParts): AcceptsFromSources {
  const { acceptor, database, publisher } = parts
  return {
    async acceptFromSource(events, source, save) {
      if (parts.stopping()) throw new GatewayError('gateway_stopped')
      const checked = acceptor.check(events, { bySource: true }).map((event) => ({ ...event, content: '' }))
      const safe = await acceptor.protect(checked)
      try {
        const accepted = await inTransaction(database.kysely, async (transaction) => {
          if (!(await save(transaction))) throw new FencedOut()
          return safe.length === 0 ? undefined : acceptor.accept(transaction, safe, sourceOrigin(source))
        })
        if (accepted === undefined) return true
        reportAccepted(accepted, parts)
        if (publisher) for (const event of accepted.events) publisher.publish(event)
        return true
      } catch (error) {
        if (error instanceof FencedOut) return false
        throw error
      }
    },
  }
}
