import { createClient } from '../client/client.ts'
import type { EventInput } from '../events/event.ts'
import type { Target } from './target.ts'

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
    get: (id) => client.notifications.get(id),
    replay: (id) => client.notifications.replay(id),
    silences: client.silences,
    deliver: async () => undefined,
    close: async () => {},
  }
}
