import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { generateArchiveKey } from '../src/contract/archive-keys.ts'
import { serveQuick } from '../test/acceptance/gateways.ts'
import { embeddedFolder } from '../test/services/database.ts'
import { startedStore } from '../test/services/stores.ts'
import { output, TOOL_VARIABLES } from './tools.ts'

const TOKEN = 'openapi-token-0123456789'

const ARGUMENTS = [
  `--header=Authorization: Bearer ${TOKEN}`,
  '--phases=coverage,fuzzing',
  '--max-examples=10',
  '--max-time=90',
  '--seed=1',
  '--continue-on-failure',
  '--no-color',
  // Some rules are none of JSON Schema: a cursor is the one of an answer, one time lies before another, an action names one of three
  // ids. A refusal that names the field is the documented answer to what breaks them. And what breaks the schema of one type of events
  // may be an event of another one, which is taken. All other checks hold.
  '--exclude-checks=positive_data_acceptance,negative_data_rejection',
]

it('Schemathesis finds no failure, and no answer that /openapi.json does not describe', async () => {
  const gateway = await serveQuick(await startedStore('postgres'), {
    TEAMS_API_TOKENS: `openapi:admin+send+read+act:${TOKEN}`,
    TEAMS_ARCHIVE_KEYS: generateArchiveKey().text,
  })
  const cwd = embeddedFolder()
  const program = join(dirname(process.env[TOOL_VARIABLES.python] ?? '/usr/bin/python3'), 'schemathesis')
  const told = await output(program, ['run', `${gateway.origin}/openapi.json`, ...ARGUMENTS], {
    signal: AbortSignal.timeout(220_000),
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd },
  })
  expect(told).toMatch(/Test cases:\s+\d{3,} generated/)
})
