/** Most events in one call. */
export const MAX_EVENTS = 1_000
/** Most levels of lists and objects in an event's data. */
export const MAX_DEPTH = 16
/** Most bytes of an event's data as JSON. */
export const MAX_DATA_BYTES = 512 * 1024
/** Most characters of a correlation id or an idempotency key. */
export const MAX_ID_LENGTH = 200
/** Most stakeholder groups that an event names. */
export const MAX_STAKEHOLDERS = 100
/** Most problems that are told of one event: what is wrong with a list of 100,000 items is wrong with the first 100. */
export const MAX_PROBLEMS_PER_EVENT = 100
/** Problems of one call after which each further bad event is named with its first one only. */
export const MANY_PROBLEMS = 1_000
