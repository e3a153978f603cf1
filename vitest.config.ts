import { defineConfig } from 'vitest/config'
import { TIERS } from './scripts/tiers.ts'
import { WEBASSEMBLY_FLAGS } from './src/cli/heap.ts'

const projects = Object.entries(TIERS).map(([name, { include, exclude, services }]) => ({
  extends: true as const,
  test: {
    name,
    include: [...include],
    exclude: [...exclude],
    ...(services
      ? { globalSetup: ['test/services/global-setup.ts'], setupFiles: ['test/services/cleanup.ts'] }
      : // Pure tests leave nothing behind, so that one process may run many files.
        { isolate: false }),
  },
}))

export default defineConfig({
  test: {
    projects,
    // A process per file: tests kill processes, change the environment and close databases.
    pool: 'forks',
    // As `serve` runs: opening the embedded database takes a quarter less CPU.
    execArgv: [...WEBASSEMBLY_FLAGS],
    // One more than the cores of a small machine: tests wait for a fifth of their time.
    maxWorkers: 3,
    // Generous, because a test waits for signals and not for time: only one that hangs ever needs all of it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that checks nothing can not fail, and one that is run again until it passes hides what it found.
    expect: { requireAssertions: true },
    retry: 0,
    allowOnly: false,
    restoreMocks: true,
    coverage: {
      include: ['src/**/*.ts'],
      // The sandbox's page runs in Chromium, which does not report coverage to Vitest. Type tests are only compiled.
      exclude: ['src/stand-ins/teams/page/**', '**/*.test-d.ts'],
      // Gateways and commands that tests run as processes count as well, see test/services/node-environment.ts.
      autoAttachSubprocess: true,
      reporter: [['text-summary'], ['html'], ['json-summary']],
      reportOnFailure: true,
      thresholds: { lines: 90 },
    },
  },
})
