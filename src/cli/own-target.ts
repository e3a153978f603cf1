import { uncheckedOf } from '../contract/actions-request.ts'
import { actorOf } from '../contract/actor.ts'
import { refusalFor } from '../contract/events-request.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { Need, Target } from './target.ts'
import { userName } from './user-name.ts'

/**
 * Opens a gateway in this process, on the database of the settings. On PostgreSQL it only accepts, and a running gateway
 * delivers. On the embedded database it also delivers, because no other process can open that.
 *
 * @throws GatewayError as {@link OwnGateways.open} does
 */
export async function openOwn(env: Environment, need: Need, output: Output, gateways: OwnGateways): Promise<Target> {
  const embedded = !env.DATABASE_URL?.trim()
  const deliver = embedded && need !== 'read' && need !== 'ping' && need !== 'admin'
  const gateway = await gateways.open({ env, deliver })
  const { service, settings, catalogue } = gateway
  const caller = settings.TEAMS_CALLER_NAME === undefined ? 'cli' : `cli:${settings.TEAMS_CALLER_NAME}`
  return {
    place: embedded ? `the embedded database in ${settings.TEAMS_DATA_DIR}` : 'the database of DATABASE_URL',
    async accept(request) {
      try {
        return await service.accept(request.events, caller)
      } catch (error) {
        throw refusalFor(request, error)
      }
    },
    list: (query) => service.listNotifications(query),
    filterNames: async () => ({
      channels: [...catalogue.channels.values()],
      eventTypes: catalogue.eventTypes.keys(),
      aliases: catalogue.aliases,
    }),
    get: (id) => service.getNotification(id, `cli:${userName()}`),
    replay: (id) => service.replayNotification(id, `cli:${userName()}`),
    silences: {
      create: (silence) => service.createSilence(silence, `cli:${userName()}`),
      list: (query) => service.listSilences(query),
      get: (id) => service.getSilence(id),
      end: (id) => service.endSilence(id, `cli:${userName()}`),
    },
    actions: {
      act: (request) => service.act(uncheckedOf(request), actorOf(`cli:${userName()}`)),
      list: (query) => service.listActions(query),
      get: (id) => service.getAction(id),
    },
    stats: (period) => service.stats(period),
    sources: () => service.listSources(),
    heartbeats: {
      ping: (name, ping) => service.reportHeartbeat(name, ping),
      list: () => service.listHeartbeats(),
    },
    escalations: { list: (query) => service.listEscalations(query) },
    archive: {
      list: (query) => service.listArchive(query),
      get: (id) => service.getArchived(id, `cli:${userName()}`),
      rewrap: (cursor) => service.rewrapArchive(cursor, `cli:${userName()}`),
    },
    audit: {
      entries: (query) => service.listAuditEntries({ unsealed: true, raw: false, limit: 50, ...query }),
      checkpoint: (origin) => service.auditCheckpoint(origin),
      proof: (index, origin) => service.auditProof(index, origin),
    },
    async deliver(ids) {
      if (!deliver) return undefined
      if (gateway.usesSandbox)
        output.note(
          'No channel has a webhook URL: the cards go to a stand-in for Teams, which ends with this command. To look at cards, run "claimlinc-teams serve" first.',
        )
      output.progress('Delivering …')
      await gateway.finish()
      return service.getNotificationViews(ids)
    },
    close: () => gateway.stop(),
  }
}
