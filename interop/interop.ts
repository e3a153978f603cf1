import '../scripts/node-version.js'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureServices } from '../scripts/services/install.ts'
import { readTally } from '../scripts/services/tally.ts'
import { prepareTools, TOOL_VARIABLES } from './tools.ts'

// `npm run interop`: the gateway and the newest releases of what speaks with it. Needs Python's and Go's package registries.

/** Ends what hangs, so that `.ci/run` goes on. */
const LONGEST_MS = 12 * 60_000

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'claimlinc-teams-interop-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const signal = AbortSignal.timeout(LONGEST_MS)

async function main(): Promise<number> {
  console.log(await ensureServices(console.log, ['shared-services', 'own-services']))
  const tools = await prepareTools(signal, console.log)
  const report = join(folder, 'report.json')
  const args = [
    'run',
    '--config=interop/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const child = spawn(join(root, 'node_modules/.bin/vitest'), [...args, ...process.argv.slice(2)], {
    cwd: root,
    signal,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      [TOOL_VARIABLES.python]: tools.python,
      [TOOL_VARIABLES.alertmanager]: tools.alertmanager,
    },
  })
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      console.error(signal.aborted ? `interop took longer than ${LONGEST_MS / 1000} s` : error.message)
      resolve(1)
    })
    child.once('close', (ended) => resolve(ended ?? 1))
  })
  const { passed, failed } = readTally(report)
  console.log(`${passed} passed, ${Math.max(failed, code === 0 ? 0 : 1)} failed`)
  return code
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  console.log('0 passed, 1 failed')
  return 1
})
