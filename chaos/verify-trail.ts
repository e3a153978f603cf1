import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../scripts/services/run.ts'
import type { Verification } from './history.ts'

/** Runs `audit verify` of a checkout on the database that a scenario left, and writes what it found to `verification.json`. */
export async function verifyTrail(
  root: string,
  store: Readonly<Record<string, string>>,
  folder: string,
): Promise<void> {
  const errors = join(folder, 'verify.log')
  const file = openSync(errors, 'w')
  const child = spawn(process.execPath, [join(root, 'bin/claimlinc-teams.js'), 'audit', 'verify', '--json'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...store },
    stdio: ['ignore', 'pipe', file],
  })
  const { code, output } = await run(child)
  closeSync(file)
  const verification: Verification = { code, printed: output + readFileSync(errors, 'utf8'), result: resultIn(output) }
  writeFileSync(join(folder, 'verification.json'), `${JSON.stringify(verification, null, 2)}\n`)
}

function resultIn(output: string): Verification['result'] {
  try {
    return JSON.parse(output) as Verification['result']
  } catch {
    return undefined
  }
}
