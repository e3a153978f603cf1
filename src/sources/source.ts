import type { EventType, SourceType } from '../catalogue/event-types.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { SecretPart } from '../catalogue/source-definitions.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import type { SourceCode } from '../contract/sources.ts'
import type { Clock } from '../kernel/clock.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Log } from '../kernel/log.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** An event of a source. Its key names what was seen, so that the same thing makes no second event. */
export interface SourceEvent extends UncheckedEvent {
  readonly eventType: EventType | SourceType
  readonly priority?: Priority
  readonly data: JsonObject
  /** The subject: the event that ends a condition has the one of the event that reported it. */
  readonly correlationId: string
  readonly idempotencyKey: string
}

/** What a source is given while it runs, in one replica at a time. */
export interface SourceContext {
  /** The newest saved checkpoint; `{}` before the first. */
  readonly checkpoint: JsonObject
  /**
   * Writes events and the new checkpoint in one transaction, and only while this replica has the source.
   *
   * @throws FencedOut where another replica has taken the source over; nothing was written
   * @throws GatewayError where the database failed. Throw it on: the source is started again, from the checkpoint in the database
   */
  accept(events: readonly SourceEvent[], options: { readonly checkpoint: JsonObject }): Promise<void>
  /**
   * Notes that the source sees its system, and what it saw is written. Reports the end of its blindness. At each interval: a source
   * that does not call it for two counts as one that does not see.
   */
  saw(): Promise<void>
  /** Notes that it does not. Once it has not for as long as its definition says, that is an event. */
  couldNotSee(code: SourceCode): void
  /** Aborted when this replica stops, or has lost the source. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** One thing that was tried by {@link Source.check}. */
export interface SourceCheck {
  /** What was tried: `connection`, `rights`, `replicas`. */
  readonly what: string
  readonly ok: boolean
  /** What was found; quotes no secret. */
  readonly found: string
  /** Why it failed. */
  readonly code?: SourceCode
  /** The second system that was tried, which has a secret of its own. */
  readonly part?: SecretPart
}

/** Watches one outside system. */
export interface Source {
  /**
   * Watches until `signal` is aborted. Where it throws, the source is started again after a pause, from the checkpoint in the
   * database.
   *
   * @throws SourceProblem where the system can not be seen
   */
  run(context: SourceContext): Promise<void>
  /** Tries what the source needs, with its credentials, and changes nothing. Does not throw. */
  check(signal: AbortSignal): Promise<readonly SourceCheck[]>
}

/** What sources are made with. */
export interface SourceParts {
  /** The secret of the source, or of its second system, as of now; undefined where none is set. */
  readonly secret: (part?: SecretPart) => Secret | undefined
  readonly clock: Clock
}

/** Why a system can not be seen. */
export class SourceProblem extends Error {
  readonly code: SourceCode

  constructor(code: SourceCode, options?: { readonly cause: unknown }) {
    super(code, options)
    this.name = 'SourceProblem'
    this.code = code
  }
}

/** Another replica runs the source now. */
export class FencedOut extends Error {
  constructor() {
    super('another replica has taken the source over')
    this.name = 'FencedOut'
  }
}
