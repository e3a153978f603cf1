import type { SourceProblem } from '../source.ts'
import type { QueueFigures } from './queues.ts'
import type { Connected } from './workers.ts'

/** A broker to which the source listens. It does not connect again by itself. */
export interface Link {
  /** Looks at queues, by passive declaration or LLEN. @throws SourceProblem */
  queues(names: readonly string[], signal: AbortSignal): Promise<readonly QueueFigures[]>
  /** Asks the broker whether it has the connections of these workers. @throws SourceProblem */
  connected(workers: readonly string[], online: number, signal: AbortSignal): Promise<Connected>
  /** True once the broker sends events. It may have no exchange for them yet, where no worker ever ran: then this tries again. @throws SourceProblem */
  listen(signal: AbortSignal): Promise<boolean>
  /** Why the broker can not be heard any more; undefined while it can. */
  readonly problem: SourceProblem | undefined
  close(): void
}
