import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { SEMI_SPACE_MB } from '../../src/cli/heap.ts'
import { startServe } from '../cli/cli.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

/** Writes down the URL of every module that a process loads, whether by `import` or `require`. */
const LIST_MODULES = `
  import { appendFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      appendFileSync(process.env.MODULE_LIST, url + '\\n')
      return next(url, context)
    },
  })`

/** What not every gateway uses and what takes much memory, by how its URL is known. */
const PARTS = {
  redis: /node_modules\/@?redis\//,
  sandbox: /src\/stand-ins\/teams\//,
  pglite: /node_modules\/@electric-sql\//,
  adaptivecards: /node_modules\/adaptivecards\//,
  celery: /node_modules\/amqplib\/|src\/(?:actions|sources)\/celery\//,
  // Of the tests' stand-ins and of the doctor alone.
  testing: /src\/(?:testing|cli\/doctor)\/|node_modules\/jose\//,
}

/** The parts that a serving gateway has loaded once it listens. */
async function partsLoaded(env: Readonly<Record<string, string>>): Promise<string[]> {
  const list = join(embeddedFolder(), 'modules')
  await startServe({
    ...env,
    MODULE_LIST: list,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(LIST_MODULES)}`,
  })
  const urls = readFileSync(list, 'utf8')
  expect(urls).toContain('/src/app/serve.ts')
  return Object.entries(PARTS).flatMap(([name, url]) => (url.test(urls) ? [name] : []))
}

describe('what serve loads', () => {
  it('on PostgreSQL, with real channels, has no large module that it does not use', async () => {
    const sre = 'TEAMS_WEBHOOK_SRE'
    const url =
      'https://default00000000000000000000000000000.00.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=made-up'
    expect(await partsLoaded({ ...(await startedStore('postgres')), [sre]: url })).toEqual([])
  })

  it('has the modules that the settings need', async () => {
    const env = { ...(await startedStore('embedded')), TEAMS_REDIS_URL: inject('redisUrl'), TEAMS_SANDBOX: 'on' }
    expect(await partsLoaded(env)).toEqual(['redis', 'sandbox', 'pglite'])
  })
})

// Its command line is read from /proc, which only Linux has.
describe.runIf(process.platform === 'linux')('the process of serve', () => {
  it('is the started one, with a small young generation', async () => {
    const { child } = await startServe(await startedStore('embedded'))
    const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0')
    expect(commandLine).toContain(`--max-semi-space-size=${SEMI_SPACE_MB}`)
  })

  it('keeps the heap options of NODE_OPTIONS', async () => {
    const { child } = await startServe({
      ...(await startedStore('embedded')),
      NODE_OPTIONS: '--max-semi-space-size=32',
    })
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain('semi-space')
  })
})
