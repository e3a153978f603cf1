import type { Acceptance } from '../contract/events.ts'
import type { EventsRequest } from '../contract/events-request.ts'
import type { NotificationDetail, NotificationQuery, NotificationView } from '../contract/notifications.ts'
import type { SilenceDetail, SilenceInput, SilenceQuery, SilenceView } from '../contract/silences.ts'
import type { FilterNames } from './list-filters.ts'

/** Where a command shall go. */
export interface TargetFlags {
  /** Address of a running gateway. */
  readonly url?: string
  /** A token for it. */
  readonly token?: string
}

/** What a caller must be allowed for it. */
export type Need = 'send' | 'read' | 'act'

/** The gateway that a command speaks to: one that runs, or one in this process. */
export interface Target {
  /** What it is, for people. */
  readonly place: string
  accept(request: EventsRequest): Promise<readonly Acceptance[]>
  list(query: NotificationQuery): Promise<{
    readonly notifications: readonly NotificationView[]
    readonly nextCursor: string | null
  }>
  /** What the filters of {@link Target.list} can name. */
  filterNames(): Promise<FilterNames>
  get(id: string): Promise<NotificationDetail>
  replay(id: string): Promise<NotificationView>
  readonly silences: {
    /** The gateway checks it: problems name its fields as the library or as the wire does. */
    create(silence: SilenceInput): Promise<SilenceDetail>
    list(
      query: SilenceQuery,
    ): Promise<{ readonly silences: readonly SilenceView[]; readonly nextCursor: string | null }>
    get(id: string): Promise<SilenceDetail>
    end(id: string): Promise<SilenceView>
  }
  /** Where nobody else would: delivers what is due. Gives these as they then are; undefined where a running gateway delivers. */
  deliver(ids: readonly string[]): Promise<readonly NotificationView[] | undefined>
  close(): Promise<void>
}
