/** Promises of the gateway, in the form that the checker tests. */
export const PROMISES = {
  delivered: 'Every accepted notification arrived, or its row names its digest, repeat or silence.',
  repeats:
    'A card is posted again only if an interruption left it unknown whether it had arrived. It is then marked as a repeat.',
  order: 'In a channel, no card is sent before a more urgent one that was in the backlog.',
  budget: 'No channel gets more cards than its token bucket allows, in any time window, with any number of replicas.',
  audit: 'Attempt rows and received posts agree, one by one.',
  trail: 'Every change of state has its audit entry, every entry its row, and the tree of all entries is intact.',
  processes: 'No process ends by itself. A process that is asked to stop does so in an orderly way.',
  actions:
    'An action is done exactly once or not at all, its answer says which, and its follow-up is made once in each channel. No tier of an acknowledged or discarded event is called.',
  tiers: 'Each tier of an open event is called once, at most 10 s after it is due or a gateway runs again.',
  alerts:
    'An event that calls a pager opens one alert there, or is folded into one that is open; it ends with the event.',
  recovery: 'After the end of the faults, all notifications arrive within the time limit.',
} as const

export type PromiseName = keyof typeof PROMISES
export const PROMISE_NAMES = Object.keys(PROMISES) as readonly PromiseName[]
/** Promises about people, which only scenarios with people can check. */
export const ABOUT_PEOPLE = ['actions', 'tiers', 'alerts'] as const satisfies readonly PromiseName[]
/** Promises that every scenario can check. */
export const COMMON_PROMISES = PROMISE_NAMES.filter((name) => !ABOUT_PEOPLE.some((other) => other === name))
/** For scenarios in which nothing waits for long, or whose clocks or receiver make the order of attempts meaningless. */
export const ALL_BUT_ORDER = COMMON_PROMISES.filter((name) => name !== 'order')

/** Whether one promise was held in one scenario. */
export interface PromiseResult {
  readonly promise: PromiseName
  readonly held: boolean
  /** How much was checked, by name. */
  readonly counts: Readonly<Record<string, number>>
  /** Number of violations, and the first of them. */
  readonly violations: number
  readonly examples: readonly string[]
}

/** Counts what was checked for a promise, and collects violations of it. */
export interface PromiseCheck {
  count(name: string, by?: number): void
  violation(text: string): void
  /** @param needed counts that must not be 0: a promise for which nothing was checked is not held */
  result(...needed: readonly string[]): PromiseResult
}

/** Starts the check of a promise. */
export function createPromiseCheck(promise: PromiseName): PromiseCheck {
  const counts: Record<string, number> = {}
  const examples: string[] = []
  let violations = 0
  return {
    count(name, by = 1) {
      counts[name] = (counts[name] ?? 0) + by
    },
    violation(text) {
      violations += 1
      if (examples.length < 10) examples.push(text)
    },
    result(...needed) {
      for (const name of needed)
        if (!counts[name]) {
          violations += 1
          examples.push(`nothing was checked: ${name} is 0`)
        }
      return { promise, held: violations === 0, counts, violations, examples }
    },
  }
}
