import { loadCatalogue } from '../catalogue/load.ts'
import { createClient } from '../client/client.ts'
import type { EventInput } from '../contract/events.ts'
import type { Target } from './target.ts'

/** Of the catalogue, only names are asked for here. */
const BUILT_IN = { language: 'en', budget: { requests: 1, period: 1, burst: 1 } } as const

/**
 * A gateway that runs, over HTTP.
 *
 * @throws GatewayError `invalid_request` for a URL or token that can not be used
 */
export function openRemote(url: string, token: string | undefined): Target {
  const client = createClient({ url, ...(token === undefined ? {} : { token }) })
  return {
    place: `the gateway at ${new URL(url).origin}`,
    async accept({ events, single }) {
      // The gateway checks them, as it does for every caller.
      const unchecked = events as readonly EventInput[]
      const [first] = unchecked
      return single && first ? [await client.send(first)] : client.sendMany(unchecked)
    },
    list: (query) => client.notifications.list(query),
    async filterNames() {
      // Which types its configuration adds, only its OpenAPI document says; a hint can do without.
      const { eventTypes, aliases } = loadCatalogue(BUILT_IN)
      return { channels: await client.channels(), eventTypes: eventTypes.keys(), aliases }
    },
    get: (id) => client.notifications.get(id),
    replay: (id) => client.notifications.replay(id),
    silences: client.silences,
    deliver: async () => undefined,
    close: async () => {},
  }
}
