import type { SignedCheckpoint } from '../audit/anchors.ts'
import { CHECKPOINT_TYPE } from '../catalogue/event-types.ts'
import { routeEvent } from '../catalogue/route.ts'
import type { ProtectedEvent } from '../intake/acceptor.ts'
import { isCheckpointSent } from '../store/last-checkpoint-card.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'
import { reportAccepted } from './send-events.ts'

/** Sends checkpoints of the audit trail to Teams. */
export interface SendCheckpoint {
  /** Sends a card with a signed checkpoint, once a day over all replicas; returns whether it did. */
  sendCheckpoint(checkpoint: SignedCheckpoint): Promise<boolean>
}

/** Makes the use case that keeps checkpoints in Teams. It does nothing where the card has no channel. */
export function createSendCheckpoint(parts: UseCaseParts): SendCheckpoint {
  const { acceptor, catalogue, database, publisher } = parts
  return {
    async sendCheckpoint(checkpoint) {
      const event = eventOf(checkpoint)
      if (parts.stopping() || event === undefined) return false
      const accepted = await inTransaction(database.kysely, async (transaction) =>
        (await isCheckpointSent(transaction)) ? undefined : acceptor.accept(transaction, [event], 'gateway'),
      )
      if (accepted === undefined) return false
      reportAccepted(accepted, parts)
      if (publisher) for (const sent of accepted.events) publisher.publish(sent)
      return true
    },
  }

  /** Not through the policy for patient data: it has none, and a hash that looks like an identifier must not be masked. */
  function eventOf({ origin, size, note, sealedAt }: SignedCheckpoint): ProtectedEvent | undefined {
    const definition = catalogue.eventTypes.get(CHECKPOINT_TYPE)
    if (definition === undefined) return undefined
    const { name, priority, stakeholders } = definition
    if (routeEvent(catalogue, { eventType: name, priority, stakeholders }).length === 0) return undefined
    const data = {
      component: origin,
      summary: `${size.toLocaleString('en-US')} entries`,
      entries: size,
      sealed_at: sealedAt.toISOString(),
      checkpoint: note,
    }
    return {
      definition,
      priority,
      stakeholders,
      stored: { data, correlationId: undefined, ignored: [] },
      correlationId: undefined,
      occurredAt: sealedAt,
      idempotencyKey: undefined,
      language: undefined,
      content: undefined,
      sameSubject: true,
      masked: [],
    }
  }
}
