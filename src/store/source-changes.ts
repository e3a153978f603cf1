/** Why a change of a lease has no audit entry. */
export const LEASE = 'a lease says which process works, and nothing about the record'

/** Changes of state of sources, of groups of alerts and of heartbeats: a part of the table of all changes. */
export const SOURCE_CHANGES = {
  'source.taken': { of: 'source', means: 'A replica took the lease of a source', noEntry: LEASE },
  'source.renewed': {
    of: 'source',
    means: 'The lease was renewed, or given back; with it, when the source last saw its system',
    noEntry: LEASE,
  },
  'source.saved': {
    of: 'source',
    means: 'A source saved its checkpoint, or since when it is blind, with the events that follow from it',
    noEntry: 'these events have entries; without any, nothing happened',
  },
  'alert_event.added': {
    of: 'alert event',
    means: 'An event was accepted for the state of a group of alerts',
    noEntry: 'the entry of the event has its correlation id',
  },
  'alert_event.removed': {
    of: 'alert event',
    means: 'Older than 40 days: no webhook is compared with it any more',
    noEntry: 'the event itself stays in the record',
  },
  'heartbeat.added': {
    of: 'heartbeat',
    means: 'A heartbeat of the configuration is watched from now on',
    noEntry: 'the configuration has an entry at each start',
  },
  'heartbeat.saved': {
    of: 'heartbeat',
    means: 'A start, a success or a failure was reported, or a success is late; with the events that follow from it',
    noEntry: 'these events have entries; without any, nothing changed but the time of the last signal',
  },
  'heartbeat.watched': {
    of: 'heartbeat',
    means: 'A replica looked whether heartbeats are late',
    noEntry: LEASE,
  },
} as const
