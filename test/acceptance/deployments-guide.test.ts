import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { startedStore } from '../services/stores.ts'
import { QUICK } from './gateways.ts'

const guide = readFileSync(new URL('../../docs/guides/deployments.md', import.meta.url), 'utf8')
const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
const TOKEN = 'only-for-sending-01234'

it('the commands of the guide send deployments, and CDEvents once each', async () => {
  const store = await startedStore('postgres')
  const gateway = await serveGateway({
    env: {},
    settings: { ...QUICK, ...store, TEAMS_API_TOKENS: `ci:send:${TOKEN}` },
  })
  onTestFinished(() => gateway.stop())
  const env = { PATH: process.env.PATH, GATEWAY: gateway.origin, TOKEN }
  const run = async (script = '') => JSON.parse((await promisify(execFile)('sh', ['-c', script], { env })).stdout)
  const [plain, cdEvent] = commands
  expect(await run(plain)).toMatchObject({ events: [{ correlation_id: 'claims-api@prod', duplicate: false }] })
  expect(await run(cdEvent)).toMatchObject({ events: [{ correlation_id: 'claims-api@prod', duplicate: false }] })
  expect(await run(cdEvent)).toMatchObject({ events: [{ correlation_id: 'claims-api@prod', duplicate: true }] })

  const send = async (type: string, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${gateway.origin}/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/cdevents+json',
        'ce-specversion': '1.0',
        'ce-id': type,
        'ce-source': '/ci',
        'ce-type': type,
        'ce-subject': 'run-7',
        ...headers,
      },
      body: JSON.stringify({
        subject: {
          id: 'run-7',
          content: { pipelineName: 'claims-ci', outcome: 'failure', errors: 'patient_id: 1087654321' },
        },
      }),
    })
    return { status: answer.status, body: await answer.text() }
  }
  expect((await send('dev.cdevents.pipelinerun.finished.0.2.0')).status).toBe(202)
  expect(await send('dev.cdevents.build.finished.0.2.0')).toMatchObject({
    status: 422,
    body: expect.stringContaining('invalid_event'),
  })
  const rows = await gateway.wired.database.kysely
    .selectFrom('teams_events')
    .select(['event_type', 'data'])
    .orderBy('id')
    .execute()
  expect(rows.map(({ event_type }) => event_type)).toEqual([
    'deployment.failed',
    'deployment.completed',
    'pipeline.failed',
  ])
  expect(JSON.stringify(rows[2])).not.toContain('1087654321')
})
