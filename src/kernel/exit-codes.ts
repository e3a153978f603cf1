import type { ErrorCode } from './error-codes.ts'

/** Exit codes of the program. */
export const EXIT = {
  /** Done, or the answer is yes. */
  ok: 0,
  /** The answer is no, or the program failed for a reason other than the two below. */
  no: 1,
  /** The arguments, the settings or the input are wrong. */
  usage: 2,
  /** A dependency of the gateway, or the gateway itself, can not be reached. */
  unreachable: 3,
} as const

/** An exit code of the program. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code of each error code. Complete by its type: a new error code does not compile until it has one. */
const EXIT_BY_ERROR: { readonly [C in ErrorCode]: ExitCode } = {
  invalid_event: EXIT.usage,
  invalid_alerts: EXIT.usage,
  invalid_request: EXIT.usage,
  invalid_json: EXIT.usage,
  body_too_large: EXIT.usage,
  too_many_events: EXIT.usage,
  unsupported_media_type: EXIT.usage,
  unauthenticated: EXIT.usage,
  forbidden: EXIT.usage,
  cross_site: EXIT.usage,
  not_found: EXIT.no,
  method_not_allowed: EXIT.no,
  idempotency_key_reused: EXIT.usage,
  not_replayable: EXIT.no,
  invalid_action: EXIT.usage,
  several_events: EXIT.no,
  action_key_reused: EXIT.usage,
  invalid_silence: EXIT.usage,
  silence_over: EXIT.no,
  audit_not_signed: EXIT.no,
  audit_not_intact: EXIT.no,
  archive_key_missing: EXIT.no,
  archive_damaged: EXIT.no,
  invalid_settings: EXIT.usage,
  invalid_config_file: EXIT.usage,
  invalid_template: EXIT.usage,
  webhook_placeholder: EXIT.usage,
  webhook_retired: EXIT.usage,
  webhook_invalid: EXIT.usage,
  database_unreachable: EXIT.unreachable,
  commit_unknown: EXIT.unreachable,
  database_not_migrated: EXIT.unreachable,
  data_dir_in_use: EXIT.unreachable,
  secrets_unreachable: EXIT.unreachable,
  audit_behind_anchor: EXIT.no,
  audit_differs_from_anchor: EXIT.no,
  port_in_use: EXIT.unreachable,
  gateway_unreachable: EXIT.unreachable,
  gateway_busy: EXIT.unreachable,
  caller_gone: EXIT.unreachable,
  gateway_stopped: EXIT.unreachable,
  internal: EXIT.no,
}

/** Returns the exit code of an error code. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_BY_ERROR[code]
}
