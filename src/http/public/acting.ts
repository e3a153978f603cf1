import type { GatewayService } from '../../contract/service.ts'
import type { FindFirstAction } from '../../gateway/actions.ts'
import type { RecordLinkRefusal } from '../../gateway/link-refusals.ts'

/** The use cases that the public listener calls. */
export interface ActingService
  extends Pick<GatewayService, 'act' | 'getActionPage'>,
    FindFirstAction,
    RecordLinkRefusal {}
