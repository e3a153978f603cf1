import type { PagerAlertCode, PagerAlertRequest } from '../contract/pager-alerts.ts'
import type { AlertContent } from './alert-content.ts'

/** What came of one request to a service. */
export type PagerAnswer =
  /** The service took it; with a `requestId` it says later, at {@link Pager.look}, what came of it. */
  | { readonly kind: 'accepted'; readonly statusCode: number; readonly requestId?: string }
  /** What was asked for at an earlier request is done. */
  | { readonly kind: 'done' }
  | { readonly kind: 'unprocessed' }
  | {
      readonly kind: 'failed'
      readonly code: PagerAlertCode
      readonly statusCode: number | null
      /** Milliseconds that the service asks to wait. */
      readonly retryAfterMs?: number | undefined
    }

/** A service that calls people. Never throws: every failure is an answer. */
export interface Pager {
  readonly name: string
  /** Tells the service of an event, or that somebody acknowledged it, or that it is over. */
  send(request: PagerAlertRequest, content: AlertContent): Promise<PagerAnswer>
  /** Whether the service can be reached and takes the key; opens no alert. `accepted` or `failed`. */
  check(): Promise<PagerAnswer>
  /** Asks what came of a request that was accepted. */
  look(requestId: string): Promise<PagerAnswer>
}
