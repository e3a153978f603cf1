import type { LogEventRow } from './fields.ts'

/** Log events of sources: which replica runs them, whether they see, and heartbeats. */
export const SOURCE_EVENTS = {
  source_taken: {
    level: 'info',
    message: 'source is run by this replica',
    fields: ['source', 'kind'],
  },
  source_lost: {
    level: 'info',
    message: 'source is not run by this replica any more; another one takes it, or this one again',
    fields: ['source', 'kind'],
  },
  source_unseen: {
    level: 'warn',
    message: 'source could not see its system; it looks again',
    fields: ['source', 'kind', 'code'],
    todo: 'Look at the code in the reference of codes of sources; "claimlinc-teams sources check" tries it.',
  },
  source_blind: {
    level: 'error',
    message: 'source has not seen its system for too long; gateway.source.blind was sent',
    fields: ['source', 'kind', 'code'],
    todo: 'Look at the code in the reference of codes of sources; "claimlinc-teams sources check" tries it.',
  },
  source_recovered: {
    level: 'info',
    message: 'source sees its system again; gateway.source.recovered was sent',
    fields: ['source', 'kind'],
  },
  source_failed: {
    level: 'error',
    message: 'source failed; it is started again from its checkpoint',
    fields: ['source', 'kind', 'err'],
    todo: 'If the database is not reachable, nothing. Otherwise report it with the fields of this line.',
  },
  source_event_refused: {
    level: 'error',
    message:
      'events of a source were refused and are not sent; nothing that it sees is reported until they are accepted',
    fields: ['source', 'kind', 'err'],
    todo: 'Look at the problems in this line: an event type of the configuration asks for data that the source does not give.',
  },
  source_hangs: {
    level: 'error',
    message: 'source did not stop in time and was left behind; it can write nothing any more',
    fields: ['source', 'kind'],
    todo: 'Look for a file system or a name server that does not answer, and report it with the fields of this line.',
  },
  source_removed_open: {
    level: 'error',
    message: 'events of a source that the configuration has no more could not be resolved; trying again',
    fields: ['err'],
    todo: 'Check that the database answers. If events are refused, look at the event types of the configuration.',
  },
  heartbeat_late: {
    level: 'warn',
    message: 'heartbeat is late; its event was sent',
    fields: ['heartbeat', 'open'],
    todo: 'Look whether the job ran, and whether it reaches the gateway.',
  },
  heartbeat_failed: {
    level: 'warn',
    message: 'heartbeat reported a failure; its event was sent',
    fields: ['heartbeat', 'open'],
    todo: 'Look at the event, which has the output of the job.',
  },
  heartbeat_recovered: {
    level: 'info',
    message: 'heartbeat is over its failure or absence; its events were resolved',
    fields: ['heartbeat'],
  },
  heartbeats_not_checked: {
    level: 'error',
    message: 'heartbeats could not be checked; a missing one is not reported until they are',
    fields: ['err'],
    todo: 'Check that the database answers. If events are refused, look at the event types of the configuration.',
  },
  source_not_held: {
    level: 'error',
    message: 'lease of a source could not be taken or renewed; trying again',
    fields: ['source', 'err'],
    todo: 'Check that the database answers. Another replica that reaches it runs the source meanwhile.',
  },
} as const satisfies Record<string, LogEventRow>
