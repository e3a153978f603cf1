/** What `import … from 'claimlinc-teams'` gives: the public contract, and nothing else. */
export { createGateway, type Gateway, type SendOptions } from './app/gateway.ts'
export type { GatewayOptions } from './app/options.ts'
export { sendTeamsNotification } from './app/send-teams-notification.ts'
export { createClient } from './client/client.ts'
export type { EventType, EventTypes } from './events/catalogue.ts'
export type { EventInput } from './events/event.ts'
export type { Language } from './events/language.ts'
export { type Priority, TeamsPriority } from './events/priority.ts'
export type { ErrorCode } from './kernel/error-codes.ts'
export { GatewayError, isGatewayError, type Problem } from './kernel/errors.ts'
export type {
  Acceptance,
  GatewayService,
  Matcher,
  Silence,
  SilenceDetail,
  SilenceInput,
  SilenceView,
} from './service/port.ts'
