/** Most events in one call. */
export const MAX_EVENTS = 1_000
/** Most levels of lists and objects in an event's data. */
export const MAX_DEPTH = 16
/** Most bytes of an event's data as JSON. */
export const MAX_DATA_BYTES = 512 * 1024
/** Most characters of a correlation id or an idempotency key. */
export const MAX_ID_LENGTH = 200
