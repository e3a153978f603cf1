/** Most events in one call. */
export const MAX_EVENTS = 1_000
/**
 * Most levels of lists and objects in a body, a list of events included. Only protects recursive code in later steps; an
 * event is checked for {@link MAX_DATA_DEPTH}.
 */
export const MAX_BODY_DEPTH = 32
/** Most keys of one object in a body. {@link MAX_DATA_BYTES} have no room for more, and reading 500,000 keys takes a second. */
export const MAX_OBJECT_KEYS = 100_000
/** Most levels of lists and objects in an event's data. */
export const MAX_DATA_DEPTH = 16
/** Most bytes of an event's data as JSON, as received. Texts that exceed their stored length are cut. */
export const MAX_GIVEN_BYTES = 5 * 1024 * 1024
/** Most bytes of an event's data as JSON, as stored. */
export const MAX_DATA_BYTES = 512 * 1024
/** Most characters of a correlation id or an idempotency key, as received: a CloudEvent has 64 KB in total. */
export const MAX_ID_LENGTH = 65_536
/** Most stakeholder groups that an event names. */
export const MAX_STAKEHOLDERS = 100
/** Most problems that an answer lists for one event: the items of a list of 100,000 have the same problem as its first 100. */
export const MAX_PROBLEMS_PER_EVENT = 100
/** Problems of one call after which only the first problem of each further event is listed. */
export const MANY_PROBLEMS = 1_000
/** Most names of undeclared data fields that one answer lists. */
export const MAX_IGNORED = 100
/** Limits of a silence: matchers, characters of a matcher's field or value, characters of the reason. */
export const SILENCE_LIMITS = { matchers: 20, text: 200, reason: 500 } as const
/**
 * Limits of an action: characters of reason, note, a name and an idempotency key; and for how many seconds repeats of a discarded
 * event may stay quiet.
 */
export const ACTION_LIMITS = { reason: 500, note: 2_000, name: 200, key: 200, tier: 100, quietFor: 2_592_000 } as const
