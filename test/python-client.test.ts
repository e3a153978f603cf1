import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { run } from '../scripts/services/run.ts'
import { serveQuick } from './acceptance/gateways.ts'
import { startedStore } from './services/stores.ts'

const TOKEN = 'python-token-0123456789'

it('the Python client passes its tests against a gateway', async () => {
  const gateway = await serveQuick(await startedStore('embedded'), { TEAMS_API_TOKENS: `python:send+read:${TOKEN}` })
  const child = spawn('python3', ['-m', 'unittest'], {
    cwd: fileURLToPath(new URL('../clients/python', import.meta.url)),
    env: {
      PATH: process.env.PATH,
      PYTHONDONTWRITEBYTECODE: '1',
      CLAIMLINC_TEAMS_TEST_URL: gateway.origin,
      CLAIMLINC_TEAMS_TEST_TOKEN: TOKEN,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { code, output } = await run(child)
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  expect(output).toMatch(/^Ran [1-9]\d* tests/m)
})
