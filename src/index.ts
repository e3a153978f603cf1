/** What `import … from 'claimlinc-teams'` gives: the public contract, and nothing else. */
import './kernel/require-node.ts'

export {
  type ActionProvider,
  type Offer,
  type OutsideAction,
  type ProvidedEvent,
  type ProviderResult,
  type RunOptions,
  StillRunning,
} from './actions/provider.ts'
export {
  type AdaptiveCard,
  type BuildCardOptions,
  buildCard,
  type CardBuilder,
  type CardBuilderOptions,
  type CardPlace,
  createCardBuilder,
} from './app/build-card.ts'
export { createGateway, type Gateway, type SendOptions } from './app/gateway.ts'
export { sendTeamsNotification } from './app/send-teams-notification.ts'
export type { EventType, EventTypes } from './catalogue/event-types.ts'
export type { Language } from './catalogue/language.ts'
export { type Priority, TeamsPriority } from './catalogue/priority.ts'
export type { StakeholderGroup } from './catalogue/stakeholder-groups.ts'
export { type Client, type ClientOptions, createClient } from './client/client.ts'
export type {
  ActionAnswer,
  ActionInputs,
  ActionName,
  ActionQuery,
  ActionRequest,
  ActionResult,
  ActionState,
  ActionTarget,
  ActionView,
  Actor,
} from './contract/actions.ts'
export type {
  ArchivedDetail,
  ArchivedState,
  ArchivedView,
  ArchivePage,
  ArchiveQuery,
  RewrapStep,
} from './contract/archive.ts'
export type { AuditEntryPage, AuditEntryQuery, AuditEntryView } from './contract/audit.ts'
export type { EscalationPage, EscalationQuery, EscalationView } from './contract/escalations.ts'
export type { Acceptance, EventFields, EventInput } from './contract/events.ts'
export type { AttemptView, NotificationDetail, NotificationView } from './contract/notifications.ts'
export type { PagerAlert, PagerAlertRequest, PagerAlertState } from './contract/pager-alerts.ts'
export type { GatewayService } from './contract/service.ts'
export { type SignatureHeaders, type SignOptions, signPayload } from './contract/sign-payload.ts'
export type { Matcher, Silence, SilenceDetail, SilenceInput, SilenceView } from './contract/silences.ts'
export type { OpenFinding, SourceView } from './contract/sources.ts'
export type { Stats, StatsPeriod } from './contract/stats.ts'
export {
  type RequestHeaders,
  type VerifiedSignature,
  type VerifyOptions,
  verifySignature,
} from './contract/verify-signature.ts'
export type { GatewayOptions } from './gateway/options.ts'
export type { ErrorCode } from './kernel/error-codes.ts'
export { GatewayError, isGatewayError, type Problem } from './kernel/errors.ts'
