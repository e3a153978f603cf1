import type {
  ActionAnswer,
  ActionName,
  ActionPage,
  ActionQuery,
  ActionView,
  Actor,
  UncheckedAction,
} from './actions.ts'
import type { ArchivedDetail, ArchivePage, ArchiveQuery, RewrapStep } from './archive.ts'
import type { AuditEntryPage, AuditEntryQuery } from './audit.ts'
import type { ChannelView } from './channels.ts'
import type { EscalationPage, EscalationQuery } from './escalations.ts'
import type { Acceptance, UncheckedEvent } from './events.ts'
import type { Check } from './health.ts'
import type { HeartbeatView, Ping } from './heartbeats.ts'
import type { NotificationQuery } from './notification-query.ts'
import type { NotificationDetail, NotificationView } from './notifications.ts'
import type { SilenceDetail, SilenceQuery, SilenceView, UncheckedSilence } from './silences.ts'
import type { SourceView } from './sources.ts'
import type { Stats, StatsPeriod } from './stats.ts'

/**
 * The use cases of the gateway. HTTP, the CLI and the library call it; `src/gateway/service.ts` makes it. Every method
 * throws only GatewayErrors.
 */
export interface GatewayService {
  /** Accepts all events or none; resolves once they are committed. An aborted `disconnected` cancels the call before the first write. */
  accept(events: readonly UncheckedEvent[], origin: string, disconnected?: AbortSignal): Promise<readonly Acceptance[]>
  /**
   * Accepts a webhook of Alertmanager or Grafana: one event for the state of its group, or none for an alert that must keep firing.
   * One that comes again gets the first answer again.
   *
   * @param name of the source in the configuration; `default` works without any
   * @param body parsed JSON
   * @throws GatewayError `not_found` for an unknown name, `invalid_alerts` with every problem
   */
  receiveAlerts(name: string, body: unknown, origin: string, disconnected?: AbortSignal): Promise<readonly Acceptance[]>
  listNotifications(
    query: NotificationQuery,
  ): Promise<{ readonly notifications: readonly NotificationView[]; readonly nextCursor: string | null }>
  /**
   * One notification with its data and card. The read is recorded in the audit trail; where it can not be, nothing is returned.
   *
   * @param by name of the person or program that reads it, for the record
   * @throws GatewayError `not_found`
   */
  getNotification(id: string, by: string): Promise<NotificationDetail>
  /** Notifications without data and card, in the order of their ids. @throws GatewayError `not_found` */
  getNotificationViews(ids: readonly string[]): Promise<readonly NotificationView[]>
  /** Sets a failed notification back to `pending`. @throws GatewayError `not_found`, `not_replayable` */
  replayNotification(id: string, by: string): Promise<NotificationView>
  listChannels(): Promise<readonly ChannelView[]>
  /** Lists the outside systems that the gateway watches, in the order of the configuration. */
  listSources(): Promise<readonly SourceView[]>
  /**
   * Takes a report of a job that has to happen regularly: its start, its success, or its failure, which is an event. A success resolves
   * what was reported of it. One that comes again changes nothing.
   *
   * @throws GatewayError `not_found` for a name that the configuration does not have
   */
  reportHeartbeat(name: string, ping: Ping): Promise<HeartbeatView>
  /** Lists the heartbeats, in the order of the configuration. */
  listHeartbeats(): Promise<readonly HeartbeatView[]>
  /**
   * Makes a silence or a maintenance window. If it is active now, it also suppresses matching notifications in the backlog.
   *
   * @param by name of the person or program that makes it, for the record
   * @throws GatewayError `invalid_silence` with every problem
   */
  createSilence(silence: UncheckedSilence, by: string): Promise<SilenceDetail>
  /** Lists silences, the newest first. */
  listSilences(
    query: SilenceQuery,
  ): Promise<{ readonly silences: readonly SilenceView[]; readonly nextCursor: string | null }>
  /** @throws GatewayError `not_found` */
  getSilence(id: string): Promise<SilenceDetail>
  /**
   * Ends a silence before its end. Notifications that it suppressed stay suppressed.
   *
   * @throws GatewayError `not_found`, `silence_over`
   */
  endSilence(id: string, by: string): Promise<SilenceView>
  /**
   * Does an action, or refuses it: the answer's `state` and `result` say which, and nothing is done twice. It is recorded either
   * way.
   *
   * @throws GatewayError `invalid_action`, `not_found`, `several_events`, `action_key_reused`; then nothing is recorded
   */
  act(action: UncheckedAction, actor: Actor): Promise<ActionAnswer>
  /** @throws GatewayError `not_found` */
  getAction(id: string): Promise<ActionView>
  /** Lists actions, the newest first. */
  listActions(
    query: ActionQuery,
  ): Promise<{ readonly actions: readonly ActionView[]; readonly nextCursor: string | null }>
  /** What a person sees before an action. Nothing is changed or recorded. @throws GatewayError `not_found` */
  getActionPage(notificationId: string, action: ActionName, actor: Actor): Promise<ActionPage>
  /** Figures of a period, from the record. @throws GatewayError `invalid_request` for a period of more than a year, or of none */
  stats(period: StatsPeriod): Promise<Stats>
  /** Lists escalations, the next one due first: who is called next, and when. */
  listEscalations(query: EscalationQuery): Promise<EscalationPage>
  /** Lists archived records, the newest first, without their contents. */
  listArchive(query: ArchiveQuery): Promise<ArchivePage>
  /**
   * Decrypts one archived record. The read is recorded in the audit trail; where it can not be, nothing is returned.
   *
   * @param by name of the person or program that reads it, for the record
   * @throws GatewayError `not_found`, `archive_key_missing`, `archive_damaged`
   */
  getArchived(id: string, by: string): Promise<ArchivedDetail>
  /**
   * Wraps the data keys of the next 500 archived records with the newest archive key.
   *
   * @param cursor of the step before; the first records if absent
   * @throws GatewayError `invalid_settings` where no key is set
   */
  rewrapArchive(cursor: string | undefined, by: string): Promise<RewrapStep>
  /**
   * Lists entries of the audit trail in the order of their trees; those that are not sealed yet come last.
   *
   * @throws GatewayError `not_found` for a tree that there is not
   */
  listAuditEntries(query: AuditEntryQuery): Promise<AuditEntryPage>
  /**
   * The newest signed checkpoint, a signed note (c2sp.org/tlog-checkpoint), of a tree or, without `origin`, of the newest.
   *
   * @throws GatewayError `audit_not_signed`, `not_found`
   */
  auditCheckpoint(origin?: string): Promise<string>
  /**
   * The proof (c2sp.org/tlog-proof) that an entry is in the tree of the newest signed checkpoint.
   *
   * @throws GatewayError `audit_not_signed`, `audit_not_intact`, `not_found`
   */
  auditProof(index: number, origin?: string): Promise<string>
  /** Checks the database and the job engine, for `/readyz`. */
  readiness(): Promise<readonly Check[]>
  /** Metrics in Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
}
