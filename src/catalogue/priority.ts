/** Priorities, the most urgent first. Upper case on the way out and in the database, any case on the way in. */
export const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'] as const

/** How urgent an event is. */
export type Priority = (typeof PRIORITIES)[number]

/** The priorities by name, for callers who like `TeamsPriority.CRITICAL` better than a literal. */
export const TeamsPriority = {
  CRITICAL: 'CRITICAL',
  HIGH: 'HIGH',
  MEDIUM: 'MEDIUM',
  LOW: 'LOW',
  INFO: 'INFO',
} as const satisfies { [P in Priority]: P }

/** A priority as a number to sort by: 0 is the most urgent. */
export function rankOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority)
}

/** Reads a priority written in any letter case; undefined for anything else. */
export function parsePriority(text: string): Priority | undefined {
  const upper = text.trim().toUpperCase()
  return PRIORITIES.find((priority) => priority === upper)
}
