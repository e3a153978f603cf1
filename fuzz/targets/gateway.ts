import type { Acceptance, UncheckedEvent } from '../../src/contract/events.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { withSizeLimits } from '../../src/intake/bounds.ts'
import type { CheckedEvent } from '../../src/intake/check-event.ts'
import { createPatientDataGuard, type Protected } from '../../src/intake/patient-data/patient-data.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { correlationIdFor, newId } from '../../src/kernel/ids.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { createChecks, shippedCatalogue } from './checks.ts'
import { startDatabase } from './database.ts'
import type { Database } from './database-thread.ts'

/** A request's answer, and what of it can only be seen from inside. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: string
  /** What the gateway logged meanwhile. */
  readonly log: string
  /** The events as they were checked; undefined where a request did not get so far or was refused there. */
  readonly checked: readonly CheckedEvent[] | undefined
}

/** The HTTP service, asked without a socket; before a database, or before the checks alone. */
export interface FuzzGateway {
  /** What is in the database. */
  readonly database: Database
  /** What the policies `mask` and `omit` make of a checked event, in this order. */
  protectedBy(event: CheckedEvent): readonly Protected[]
  /** Sends a request; with `really`, what it says is written. */
  send(headers: Readonly<Record<string, string>>, body: Buffer, really: boolean): Promise<Answer>
  close(): Promise<void>
}

/** Opens it, with every setting as it comes. */
export async function openGateway(): Promise<FuzzGateway> {
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => lines.push(line) })
  const settings = loadSettings({})
  const catalogue = shippedCatalogue()
  const checkAll = createChecks(catalogue)
  const types = [...catalogue.eventTypes.values()]
  const guards = [createPatientDataGuard(types, 'mask'), createPatientDataGuard(types, 'omit')]
  const database = await startDatabase()
  let write = false
  let checked: readonly CheckedEvent[] | undefined

  /** The checks alone, and an answer as if the events had been written. */
  function check(events: readonly UncheckedEvent[]): readonly Acceptance[] {
    checked = checkAll(events)
    return checked.map((event) => {
      const eventId = newId()
      const correlationId = guards[0]?.(event).correlationId ?? correlationIdFor(eventId)
      return { eventId, correlationId, duplicate: false, notifications: [] }
    })
  }
  const nothingElse = async () => {
    throw new GatewayError('not_found')
  }

  const http = createHttpServer({
    service: {
      async accept(events, origin) {
        const answer = check(events)
        if (!write) return answer
        const written = await database.accept({ events, origin })
        lines.push(written.log)
        return written.acceptances
      },
      receiveAlerts: nothingElse,
      listNotifications: nothingElse,
      getNotification: nothingElse,
      getNotificationViews: nothingElse,
      replayNotification: nothingElse,
      act: nothingElse,
      getAction: nothingElse,
      listActions: nothingElse,
      getActionPage: nothingElse,
      listChannels: nothingElse,
      readiness: nothingElse,
      metrics: nothingElse,
      createSilence: nothingElse,
      listSilences: nothingElse,
      getSilence: nothingElse,
      endSilence: nothingElse,
      listEscalations: nothingElse,
      listArchive: nothingElse,
      getArchived: nothingElse,
      rewrapArchive: nothingElse,
      listSources: nothingElse,
      reportHeartbeat: nothingElse,
      listHeartbeats: nothingElse,
      stats: nothingElse,
      listAuditEntries: nothingElse,
      auditCheckpoint: nothingElse,
      auditProof: nothingElse,
    },
    settings,
    metrics: createMetrics(),
    log,
    version: '0.0.0',
    eventTypes: types,
    aliases: catalogue.aliases,
  })

  return {
    database,
    protectedBy: (event) => guards.map((guard) => withSizeLimits(event.definition, guard(event))),
    async send(headers, body, really) {
      lines.length = 0
      checked = undefined
      write = really
      const answer = await http.app.inject({ method: 'POST', url: '/v1/events', headers, payload: body })
      const headerText = JSON.stringify(answer.headers)
      return { status: answer.statusCode, body: answer.body, headers: headerText, log: lines.join(''), checked }
    },
    async close() {
      await http.stop()
      await database.close()
    },
  }
}
