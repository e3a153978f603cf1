import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { WEBASSEMBLY_FLAGS } from '../src/cli/heap.ts'

/** What `npm run interop` runs with the newest programs: tests of its own, and tests that run with Debian's too. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: [
      'interop/*.interop.ts',
      'test/own-services/python-celery.test.ts',
      'test/own-services/sources/celery.test.ts',
      'test/own-services/alertmanager.test.ts',
    ],
    globalSetup: ['test/services/global-setup.ts'],
    setupFiles: ['test/services/cleanup.ts'],
    pool: 'forks',
    execArgv: [...WEBASSEMBLY_FLAGS],
    // One at a time: what is tested is whether two programs understand each other, and the time is bounded.
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 60_000,
    expect: { requireAssertions: true },
    retry: 0,
    allowOnly: false,
  },
})
