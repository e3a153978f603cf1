import type { ActParts } from '../actions/act.ts'
import type { Archive } from '../archive/archive.ts'
import type { ActedCards } from '../cards/acted-card.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Engine } from '../delivery/engine.ts'
import type { Acceptor } from '../intake/acceptor.ts'
import type { PatientDataGuard } from '../intake/patient-data/patient-data.ts'
import type { Clock } from '../kernel/clock.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Publisher } from '../publish/publisher.ts'
import type { Database } from '../store/database.ts'
import { databaseError } from '../store/database-error.ts'
import type { Transport } from '../transports/transport.ts'

/** Parts of the gateway that use cases call. */
export interface UseCaseParts {
  readonly acceptor: Acceptor
  readonly database: Database
  readonly engine: Engine
  readonly metrics: Metrics
  readonly publisher: Publisher | undefined
  readonly catalogue: Catalogue
  readonly transport: Pick<Transport, 'destination'>
  /** What actions need: lives of acknowledgements, timers, providers. */
  readonly actions: ActParts
  /** Cards of notifications after an action. */
  readonly actedCards: ActedCards
  /** TEAMS_PHI_POLICY for typed texts. */
  readonly guard: PatientDataGuard
  readonly archive: Archive
  /** The secrets with which a pager's webhooks may be signed. */
  readonly pagerWebhookSecrets: (name: string) => readonly Secret[]
  readonly clock: Clock
  readonly log: Log
  /** True once the gateway is stopping: then no more events are accepted. */
  readonly stopping: () => boolean
}

/** Functions of a use case, by name. */
type UseCase = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>

/** Wraps use cases and tracks their calls in flight. */
export interface Calls {
  /** Returns the same functions; each error becomes a GatewayError, and a refusal of events is counted. */
  wrap<U extends UseCase>(useCase: U): U
  /** Resolves when the calls in flight have ended, so that the database can be closed. */
  whenIdle(): Promise<void>
}

/** Functions whose errors count in `teams_events_refused_total`. */
const ACCEPTING: ReadonlySet<string> = new Set(['accept', 'acceptWithin', 'receiveAlerts'])

/** Makes the wrapper that all use cases of a gateway share. */
export function createCalls({ metrics, log }: Pick<UseCaseParts, 'metrics' | 'log'>): Calls {
  const callsInFlight = new Set<Promise<unknown>>()

  async function call(name: string, run: () => Promise<unknown>): Promise<unknown> {
    const running = run()
    callsInFlight.add(running)
    try {
      return await running
    } catch (error) {
      const known = isGatewayError(error) ? error : databaseError(error)
      if (!isGatewayError(error)) log.write('call_failed', { err: error, call: name, code: known.code })
      if (ACCEPTING.has(name)) metrics.count('teams_events_refused_total', { code: known.code })
      throw known
    } finally {
      callsInFlight.delete(running)
    }
  }

  return {
    wrap<U extends UseCase>(useCase: U): U {
      return Object.fromEntries(
        Object.entries(useCase).map(([name, run]) => [name, (...args: never[]) => call(name, () => run(...args))]),
      ) as U
    },
    async whenIdle() {
      await Promise.allSettled(callsInFlight)
    },
  }
}
