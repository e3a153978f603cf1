/** Changes of state of escalations: a part of `STATE_CHANGES`. */
export const ESCALATION_CHANGES = {
  'escalation.started': {
    of: 'escalation',
    means: 'An accepted event, or a digest, climbs while nobody acknowledges it',
    entry: 'escalation.started',
  },
  'escalation.called': { of: 'escalation', means: 'A tier was called', entry: 'escalation.called' },
  'escalation.reached_nobody': {
    of: 'escalation',
    means: 'A tier was due and reached nobody',
    entry: 'escalation.reached_nobody',
  },
  'escalation.held': {
    of: 'escalation',
    means: 'A tier waits for another time, because working hours have changed or a silence holds it',
    entry: 'escalation.held',
  },
  'escalation.still_held': {
    of: 'escalation',
    means: 'A tier that a silence holds was looked at, and the silence holds it still: when it is looked at again',
    noEntry: 'the entry of `escalation.held` says since when; another one follows once the tier is called',
  },
  'escalation.acknowledged': {
    of: 'escalation',
    means: '`climbing` → `acknowledged`, or acknowledged once more',
    entry: 'escalation.acknowledged',
  },
  'escalation.reminded': {
    of: 'escalation',
    means: 'The reminder before the acknowledgement expires was sent',
    entry: 'escalation.reminded',
  },
  'escalation.expired': {
    of: 'escalation',
    means: '`acknowledged` → `climbing`: the acknowledgement expired',
    entry: 'escalation.expired',
  },
  'escalation.resumed': {
    of: 'escalation',
    means: '`acknowledged` or `ended` → `climbing`: an acknowledgement or a discard was taken back',
    entry: 'escalation.resumed',
  },
  'escalation.ended': {
    of: 'escalation',
    means: '→ `ended`: its event is resolved or discarded, stands in a digest, or was removed',
    entry: 'escalation.ended',
  },
  'escalation.removed': {
    of: 'escalation',
    means: 'Retention: nothing follows any more, and its event is older than `TEAMS_AUDIT_RETENTION_DAYS`',
    entry: 'record.removed',
  },
} as const
