/** Priorities, the most urgent first. Upper case in answers and in the database, any letter case in requests. */
export const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'] as const

/** The urgency of an event. */
export type Priority = (typeof PRIORITIES)[number]

/** The priorities by name, for callers who prefer `TeamsPriority.CRITICAL` to a literal. */
export const TeamsPriority = {
  CRITICAL: 'CRITICAL',
  HIGH: 'HIGH',
  MEDIUM: 'MEDIUM',
  LOW: 'LOW',
  INFO: 'INFO',
} as const satisfies { [P in Priority]: P }

/** Returns the rank of a priority for sorting: 0 is the most urgent. */
export function rankOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority)
}

/** Parses a priority in any letter case; undefined for any other text. */
export function parsePriority(text: string): Priority | undefined {
  const upper = text.trim().toUpperCase()
  return PRIORITIES.find((priority) => priority === upper)
}
