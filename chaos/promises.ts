/** What the gateway promises, as the checker judges it. */
export const PROMISES = {
  delivered: 'Every accepted notification arrived, or its row says which digest, repeat or silence it went into.',
  repeats: 'A card is posted again only if a cut left open whether it had arrived, and then says that it is a repeat.',
  order: 'In a channel no card goes before a more urgent one that was waiting.',
  budget:
    "No channel gets more cards than its budget's bucket lets out, in no window, whatever the number of replicas.",
  audit: 'Attempt rows and what was received agree, one by one.',
  processes: 'No process ends by itself, and one that is asked to end does so in an orderly way.',
  recovery: 'Once nothing is broken any more, everything arrives within the bound.',
} as const

export type PromiseName = keyof typeof PROMISES
export const PROMISE_NAMES = Object.keys(PROMISES) as readonly PromiseName[]
