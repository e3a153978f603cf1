/** Most events in one call. */
export const MAX_EVENTS = 1_000
/**
 * Most levels of lists and objects in a body, a list of events among them. Only guards what recurses behind it; an event is
 * checked for {@link MAX_DATA_DEPTH}.
 */
export const MAX_BODY_DEPTH = 32
/** Most keys of one object in a body. What is kept of an event has no room for more, and to look at each of 500,000 takes a second. */
export const MAX_OBJECT_KEYS = 100_000
/** Most levels of lists and objects in an event's data. */
export const MAX_DATA_DEPTH = 16
/** Most bytes of an event's data as JSON, as they are given. What is longer than is kept is cut. */
export const MAX_GIVEN_BYTES = 5 * 1024 * 1024
/** Most bytes of an event's data as JSON, as they are kept. */
export const MAX_DATA_BYTES = 512 * 1024
/** Most characters of a correlation id or an idempotency key as they are given: CloudEvents have 64 KB in all. */
export const MAX_ID_LENGTH = 65_536
/** Most stakeholder groups that an event names. */
export const MAX_STAKEHOLDERS = 100
/** Most problems that are told of one event: what is wrong with a list of 100,000 items is wrong with the first 100. */
export const MAX_PROBLEMS_PER_EVENT = 100
/** Problems of one call after which each further bad event is named with its first one only. */
export const MANY_PROBLEMS = 1_000
/** Most names of fields that are not kept which one answer names. */
export const MAX_IGNORED = 100
