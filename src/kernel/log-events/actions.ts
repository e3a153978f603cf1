import type { LogEventRow } from './fields.ts'

/** Log events of what people do with cards. */
export const ACTION_EVENTS = {
  action_answered: {
    level: 'info',
    message: 'action answered; state and result say what was done',
    fields: ['action_id', 'action', 'action_state', 'result', 'event_id', 'correlation_id', 'via'],
  },
  action_finished: {
    level: 'info',
    message: 'action outside the gateway finished',
    fields: ['action_id', 'action', 'action_state', 'result'],
  },
  action_run_failed: {
    level: 'error',
    message: 'action outside the gateway threw an error; it ends as unknown, or is looked up later',
    fields: ['err', 'action_id'],
    todo: 'Look in the other system whether it was done. "actions show" prints the action.',
  },
  action_search_failed: {
    level: 'warn',
    message: 'search for actions that no process runs failed; it is made again',
    fields: ['err'],
    todo: 'Check that the database answers.',
  },
} as const satisfies Record<string, LogEventRow>
