import { loadCatalogue } from '../catalogue/load.ts'
import { createClient } from '../client/client.ts'
import type { EventInput } from '../contract/events.ts'
import type { Target } from './target.ts'

/** Required by loadCatalogue; only the names of the catalogue are used here. */
const BUILT_IN = { language: 'en', budget: { requests: 1, period: 1, burst: 1 } } as const

/**
 * Opens a running gateway over HTTP.
 *
 * @throws GatewayError `invalid_request` for a URL or token that can not be used
 */
export function openRemote(url: string, token: string | undefined): Target {
  const client = createClient({ url, ...(token === undefined ? {} : { token }) })
  return {
    place: `the gateway at ${new URL(url).origin}`,
    async accept({ events, single }) {
      // The cast is safe: the gateway checks the events, as for every caller.
      const unchecked = events as readonly EventInput[]
      const [first] = unchecked
      return single && first ? [await client.send(first)] : client.sendMany(unchecked)
    },
    list: (query) => client.notifications.list(query),
    async filterNames() {
      // Built-in event types only. The gateway's own are in its OpenAPI document; hints do not need them.
      const { eventTypes, aliases } = loadCatalogue(BUILT_IN)
      return { channels: await client.channels(), eventTypes: eventTypes.keys(), aliases }
    },
    get: (id) => client.notifications.get(id),
    replay: (id) => client.notifications.replay(id),
    silences: client.silences,
    actions: client.actions,
    stats: (period) => client.stats(period),
    sources: () => client.sources(),
    heartbeats: client.heartbeats,
    escalations: client.escalations,
    archive: client.archive,
    audit: client.audit,
    deliver: async () => undefined,
    close: async () => {},
  }
}
