import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { embeddedFolder } from '../services/database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts a command in the repository, as a supervisor would: in a process group of its own, ended with the test. */
function startInCheckout(command: string, args: readonly string[]) {
  const folder = embeddedFolder()
  const child = spawn(command, args, {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      npm_config_update_notifier: 'false',
      TEAMS_DATA_DIR: folder,
      TEAMS_HTTP_PORT: '0',
      TEAMS_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  onTestFinished(() => killGroup(child))
  let output = ''
  const listens = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const origin = /listens on (http:\/\/\S+)/.exec(output)?.[1]
        if (origin !== undefined) resolve(origin)
      })
    child.once('close', () => reject(new Error(`it ended before it listened:\n${output}`)))
  })
  return {
    child,
    listens,
    /** Resolves with all that was written once every process that could write has ended. */
    ended: once(child, 'close').then(() => output),
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}

describe('SIGTERM to the process that a supervisor started', () => {
  it.each([
    ['npm start', 'npm', ['start'], 'npm, which started this, is gone: stopping'],
    ['npx', 'npx', ['claimlinc-teams', 'serve'], 'npm, which started this, is gone: stopping'],
    [
      'npx with a shell that stays in between',
      'npx',
      ['-c', 'node bin/claimlinc-teams.js serve; true'],
      'npm, which started this, is gone: stopping',
    ],
    ['the documented command', process.execPath, ['bin/claimlinc-teams.js', 'serve'], 'SIGTERM: stopping'],
  ])('ends the gateway in an orderly way, with %s', async (_, command, args, stopping) => {
    const { child, listens, ended } = startInCheckout(command, args)
    const origin = await listens
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    child.kill('SIGTERM')
    const output = await ended
    expect(output).toContain(stopping)
    expect(output).toMatch(/Stopped\.\n/)
    await expect(fetch(`${origin}/healthz`)).rejects.toThrow('fetch failed')
  })
})

it('the gateway outlives a parent other than npm', async () => {
  const script = `"${process.execPath}" bin/claimlinc-teams.js serve & echo "gateway $!"`
  const { listens, child } = startInCheckout('sh', ['-c', script])
  const origin = await listens
  if (child.exitCode === null) await once(child, 'exit')
  // Longer than the interval between two checks of the parent.
  for (const until = performance.now() + 1_000; performance.now() < until; )
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
})
