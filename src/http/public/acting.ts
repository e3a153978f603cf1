import type { ActionAnswer, ActionName, ActionPage, Actor, UncheckedAction } from '../../contract/actions.ts'
import type { RecordLinkRefusal } from '../../gateway/link-refusals.ts'

/** The use cases that the public listener calls. */
export interface ActingService extends RecordLinkRefusal {
  /** What a person sees before an action. Changes nothing. @throws GatewayError `not_found` */
  getActionPage(notificationId: string, action: ActionName, actor: Actor): Promise<ActionPage>
  /** Does an action, once for each idempotency key of a caller. @throws GatewayError `not_found`, `invalid_action` */
  act(request: UncheckedAction, actor: Actor): Promise<ActionAnswer>
}
