import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { SourceProblem } from '../source.ts'
import type { CeleryConnections } from './connections.ts'
import type { ReadBody } from './events.ts'
import type { Link } from './link.ts'
import { openLink } from './open-link.ts'
import { openResults, type ResultRecord, type Results } from './results.ts'

/** The connections of a source that watches: to the broker, and to the result backend where there is one. */
export interface Sight {
  readonly link: Link | undefined
  readonly results: Results | undefined
  /** Opens those that are not open. Returns why one can not be opened. */
  connect(signal: AbortSignal): Promise<SourceProblem | undefined>
  closeLink(): void
  /** Waits until the result backend has answered; closes its connection where it does not. Returns why. */
  pingResults(signal: AbortSignal): Promise<SourceProblem | undefined>
  close(): void
}

/** Makes the connections; nothing is opened yet. */
export function createSight(
  definition: CeleryDefinition,
  connections: CeleryConnections,
  told: {
    readonly onBody: (body: ReadBody) => void
    readonly onChordError: (record: ResultRecord) => void
    /** The broker is heard from now on. */
    readonly onLink: () => void
  },
): Sight {
  let link: Link | undefined
  let results: Results | undefined

  function closeLink(): void {
    link?.close()
    link = undefined
  }

  function closeResults(): void {
    results?.close()
    results = undefined
  }

  async function tried(run: () => Promise<void>): Promise<SourceProblem | undefined> {
    try {
      await run()
      return undefined
    } catch (error) {
      if (error instanceof SourceProblem) return error
      throw error
    }
  }

  return {
    get link() {
      return link
    },
    get results() {
      return results
    },
    closeLink,
    async connect(signal) {
      if (link?.problem !== undefined) closeLink()
      if (results?.problem !== undefined) closeResults()
      const noLink = await tried(async () => {
        if (link !== undefined) return
        link = await openLink(definition, connections, told.onBody, signal)
        told.onLink()
      })
      const noResults = await tried(async () => {
        if (definition.results === undefined) return
        results ??= await openResults(connections, definition.results.keyPrefix, told.onChordError, signal)
      })
      return noLink ?? noResults
    },
    async pingResults(signal) {
      const problem = await tried(async () => results?.ping(signal))
      if (problem !== undefined) closeResults()
      return problem
    },
    close() {
      closeLink()
      closeResults()
    },
  }
}
