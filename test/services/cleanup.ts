import { afterAll, onTestFinished } from 'vitest'

// A setup file: Vitest loads it before each test file, in the same process, so that this list belongs to one file.
const tasks: (() => Promise<void>)[] = []

/** Runs `task` at the end of the test that calls this, or outside of tests (also in `beforeAll`) at the end of the file. */
export function whenDone(task: () => Promise<void>): void {
  try {
    onTestFinished(task)
  } catch {
    tasks.push(task)
  }
}

// Registered before any of the file's own, and so run after them.
afterAll(async () => {
  for (const task of tasks.reverse()) await task()
})
