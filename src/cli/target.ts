import { findLocalGateway, tokenFor } from '../app/local-gateway.ts'
import type { EventsRequest } from '../http/read-events.ts'
import type {
  Acceptance,
  NotificationDetail,
  NotificationQuery,
  NotificationView,
  SilenceDetail,
  SilenceInput,
  SilenceQuery,
  SilenceView,
} from '../service/port.ts'
import { loadSettings } from '../settings/load.ts'
import { readEnvironment } from './environment.ts'
import type { FilterNames } from './list-hints.ts'
import type { Output } from './output.ts'

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

/**
 * Finds the gateway to speak to:
 *
 * 1. the one at `--url`;
 * 2. with DATABASE_URL, the database itself: whatever gateway runs on it delivers;
 * 3. the one that runs on this machine: it has the embedded database open, and only one process can;
 * 4. the embedded database, and where something is to be sent, this process sends it.
 *
 * @throws GatewayError for settings, a database or a gateway that do not work
 */
export async function openTarget(flags: TargetFlags, need: Need, output: Output): Promise<Target> {
  if (flags.url !== undefined) return (await import('./remote-target.ts')).openRemote(flags.url, flags.token)
  const env = readEnvironment('error')
  const settings = loadSettings(env)
  const local = settings.DATABASE_URL === undefined ? await findLocalGateway(settings) : undefined
  if (local !== undefined)
    return (await import('./remote-target.ts')).openRemote(local, flags.token ?? tokenFor(settings, need))
  if (settings.DATABASE_URL === undefined) output.progress('Opening the embedded database …')
  return (await import('./own-target.ts')).openOwn(env, need, output)
}
