/** Promises of the gateway, in the form that the checker tests. */
export const PROMISES = {
  delivered: 'Every accepted notification arrived, or its row names its digest, repeat or silence.',
  repeats:
    'A card is posted again only if an interruption left it unknown whether it had arrived. It is then marked as a repeat.',
  order: 'In a channel, no card is sent before a more urgent one that was in the backlog.',
  budget: 'No channel gets more cards than its token bucket allows, in any time window, with any number of replicas.',
  audit: 'Attempt rows and received posts agree, one by one.',
  processes: 'No process ends by itself. A process that is asked to stop does so in an orderly way.',
  recovery: 'After the end of the faults, all notifications arrive within the time limit.',
} as const

export type PromiseName = keyof typeof PROMISES
export const PROMISE_NAMES = Object.keys(PROMISES) as readonly PromiseName[]
