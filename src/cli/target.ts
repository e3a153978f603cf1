import type { ActionAnswer, ActionQuery, ActionRequest, ActionView } from '../contract/actions.ts'
import type { ArchivedDetail, ArchivePage, ArchiveQuery, RewrapStep } from '../contract/archive.ts'
import type { AuditEntryPage, AuditEntryQuery } from '../contract/audit.ts'
import type { EscalationPage, EscalationQuery } from '../contract/escalations.ts'
import type { Acceptance } from '../contract/events.ts'
import type { EventsRequest } from '../contract/events-request.ts'
import type { HeartbeatView, Ping } from '../contract/heartbeats.ts'
import type { NotificationQuery } from '../contract/notification-query.ts'
import type { NotificationDetail, NotificationView } from '../contract/notifications.ts'
import type { SilenceDetail, SilenceInput, SilenceQuery, SilenceView } from '../contract/silences.ts'
import type { SourceView } from '../contract/sources.ts'
import type { Stats, StatsPeriod } from '../contract/stats.ts'
import type { FilterNames } from './list-filters.ts'

/** Options that name a running gateway. */
export interface TargetFlags {
  /** Address of a running gateway. */
  readonly url?: string
  /** Token for that gateway. */
  readonly token?: string
}

/** Scope of the token that a command needs. */
export type Need = 'send' | 'ping' | 'read' | 'act' | 'admin'

/** Gateway that a command calls: a running one over HTTP, or one in this process. */
export interface Target {
  /** Its address or database, for messages. */
  readonly place: string
  accept(request: EventsRequest): Promise<readonly Acceptance[]>
  list(query: NotificationQuery): Promise<{
    readonly notifications: readonly NotificationView[]
    readonly nextCursor: string | null
  }>
  /** Names that the filters of {@link Target.list} can have. */
  filterNames(): Promise<FilterNames>
  get(id: string): Promise<NotificationDetail>
  replay(id: string): Promise<NotificationView>
  readonly silences: {
    /** The gateway checks the silence. Its problems name fields in camel case in this process, and in snake case over HTTP. */
    create(silence: SilenceInput): Promise<SilenceDetail>
    list(
      query: SilenceQuery,
    ): Promise<{ readonly silences: readonly SilenceView[]; readonly nextCursor: string | null }>
    get(id: string): Promise<SilenceDetail>
    end(id: string): Promise<SilenceView>
  }
  readonly actions: {
    /** Problems name fields in camel case in this process, and in snake case over HTTP. */
    act(request: ActionRequest): Promise<ActionAnswer>
    list(query: ActionQuery): Promise<{ readonly actions: readonly ActionView[]; readonly nextCursor: string | null }>
    get(id: string): Promise<ActionView>
  }
  stats(period: StatsPeriod): Promise<Stats>
  sources(): Promise<readonly SourceView[]>
  readonly heartbeats: {
    ping(name: string, ping: Ping): Promise<HeartbeatView>
    list(): Promise<readonly HeartbeatView[]>
  }
  readonly escalations: { list(query: EscalationQuery): Promise<EscalationPage> }
  readonly archive: {
    list(query: ArchiveQuery): Promise<ArchivePage>
    get(id: string): Promise<ArchivedDetail>
    rewrap(cursor?: string): Promise<RewrapStep>
  }
  readonly audit: {
    entries(query: Partial<AuditEntryQuery>): Promise<AuditEntryPage>
    checkpoint(origin?: string): Promise<string>
    proof(index: number, origin?: string): Promise<string>
  }
  /** Delivers due notifications and returns those with these ids; undefined if a running gateway delivers. */
  deliver(ids: readonly string[]): Promise<readonly NotificationView[] | undefined>
  close(): Promise<void>
}
