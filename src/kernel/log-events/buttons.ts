import type { LogEventRow } from './fields.ts'

/** Log events of the pages behind the buttons of cards. */
export const BUTTON_EVENTS = {
  pages_served: {
    level: 'info',
    message: 'public listener listens; buttons of cards lead to its pages',
    fields: ['origin'],
  },
  link_refused: {
    level: 'info',
    message: 'link, form or sign-in refused; nothing was done',
    fields: ['code', 'notification_id', 'count'],
  },
  link_refusal_unrecorded: {
    level: 'error',
    message: 'audit entry of a refused link could not be written; the link was refused all the same',
    fields: ['err', 'code'],
    todo: 'Look at the error; usually the database was away for a moment.',
  },
  sign_in_failed: {
    level: 'warn',
    message: 'sign-in failed; the person was not signed in',
    fields: ['code'],
    optional: ['err', 'oauth_error', 'aadsts'],
    todo: 'What the reference of link refusals says of the code.',
  },
  sign_in_groups_missing: {
    level: 'warn',
    message: 'person has more groups than fit into a token; roles by group are missing, roles by app role are not',
    fields: [],
    todo: 'In Entra, let the token have only groups that are assigned to the application, or use app roles.',
  },
} as const satisfies Record<string, LogEventRow>
