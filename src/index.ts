/** What `import … from 'claimlinc-teams'` gives: the public contract, and nothing else. */
export { createGateway, type Gateway, type SendOptions } from './app/gateway.ts'
export { sendTeamsNotification } from './app/send-teams-notification.ts'
export type { EventType, EventTypes } from './catalogue/event-types.ts'
export type { Language } from './catalogue/language.ts'
export { type Priority, TeamsPriority } from './catalogue/priority.ts'
export { createClient } from './client/client.ts'
export type { EventInput } from './contract/event.ts'
export type {
  Acceptance,
  GatewayService,
  Matcher,
  Silence,
  SilenceDetail,
  SilenceInput,
  SilenceView,
} from './contract/service.ts'
export type { GatewayOptions } from './gateway/options.ts'
export type { ErrorCode } from './kernel/error-codes.ts'
export { GatewayError, isGatewayError, type Problem } from './kernel/errors.ts'
