import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,test,bench,chaos,fuzz}/**/*.test.ts'],
    globalSetup: ['test/services/global-setup.ts'],
    setupFiles: ['test/services/cleanup.ts'],
    // A process per file: tests kill processes, change the environment and close databases.
    pool: 'forks',
    maxWorkers: 2,
    // Generous, because a test waits for signals and not for time: only one that hangs ever needs all of it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that checks nothing can not fail, and one that is run again until it passes hides what it found.
    expect: { requireAssertions: true },
    retry: 0,
    allowOnly: false,
    restoreMocks: true,
  },
})
