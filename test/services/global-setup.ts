import type { TestProject } from 'vitest/node'
import { findChromium } from './chromium.ts'
import { startPostgres } from './postgres.ts'
import { guard, privateFolder } from './program.ts'
import { startRedis } from './redis.ts'
import { makeEmbeddedTemplates, makePostgresTemplate } from './store-templates.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser's URL of the run's PostgreSQL; a test takes a database of its own with `freshDatabase()`. */
    postgresUrl: string
    /** The run's Redis, shared by all tests; one that kills Redis starts its own with `startRedis()`. */
    redisUrl: string
    /** Path of Chromium. */
    chromiumPath: string
    /** Folder for the files of tests; removed after the run. */
    temporaryFolder: string
  }
}

/**
 * Starts what tests share, once per run. A service that is missing fails the run: a test that is skipped for want of a
 * database proves nothing.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const chromium = findChromium()
  if (!chromium) throw new Error('Chromium is not installed; "npm test" installs it.')
  const temporaryFolder = privateFolder('tests', undefined, false)
  const guardian = guard(temporaryFolder, undefined)
  const startingPostgres = startPostgres({ durable: false })
  const started = await Promise.allSettled([
    startingPostgres,
    startRedis(),
    startingPostgres.then(({ url }) => makePostgresTemplate(url)),
    makeEmbeddedTemplates(temporaryFolder),
  ])
  const [postgres, redis] = started
  const teardown = async () => {
    await Promise.all([postgres, redis].map((service) => service.status === 'fulfilled' && service.value.stop()))
    await guardian.release()
  }
  const failed = started.flatMap((part) => ('reason' in part ? [String(part.reason)] : []))
  if (postgres.status === 'rejected' || redis.status === 'rejected' || failed.length > 0) {
    await teardown()
    throw new Error(failed.join('\n'))
  }
  project.provide('postgresUrl', postgres.value.url)
  project.provide('redisUrl', redis.value.url)
  project.provide('chromiumPath', chromium)
  project.provide('temporaryFolder', temporaryFolder)
  return teardown
}
