import type { Target } from '../target.ts'

/** A target whose inputs do what they say, for the test of the watch. */
export const target: Target = {
  name: 'endless',
  extension: 'txt',
  batch: 1,
  thoroughOneIn: 1,
  maxSteps: () => 1_000,
  seeds: () => [],
  mutate: (input) => input,
  open: async () => ({
    async run(input) {
      const held: number[][] = []
      while (input.toString() === 'never ends');
      while (input.toString() === 'takes all memory') held.push(new Array(1_000_000).fill(held.length / 3))
      return []
    },
    async close() {},
  }),
}
