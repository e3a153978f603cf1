import { execFile } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { serveGateway } from '../../src/app/serve.ts'
import { createClient } from '../../src/client/client.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'
import { QUICK } from './gateways.ts'

const guide = readFileSync(new URL('../../docs/guides/heartbeats.md', import.meta.url), 'utf8')
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text)
const PING = 'backup_host:ping:only-for-reports-0123'
const READ = 'reader:read:only-for-reading-01234'
const SEND = 'sender:send:only-for-sending-01234'
const tokenOf = (entry: string) => entry.split(':')[2] ?? ''

/** The gateway with the first configuration of the guide, and a shell with its address, a token and a backup that ends as it is told. */
async function world() {
  const store = await startedStore('postgres')
  const gateway = await serveGateway({
    env: {},
    settings: { ...QUICK, ...store, TEAMS_API_TOKENS: [PING, READ, SEND].join(), TEAMS_MAX_BODY_BYTES: 100_000 },
    config: parse(blocks('yaml')[0] ?? ''),
  })
  onTestFinished(() => gateway.stop())
  const cwd = embeddedFolder()
  writeFileSync(join(cwd, 'backup.sh'), '#!/bin/sh\necho "dumping"\necho "$SAYS"\nexit "$CODE"\n')
  chmodSync(join(cwd, 'backup.sh'), 0o755)
  const run = async (script: string, env: Readonly<Record<string, string>> = {}) => {
    const { PATH } = process.env
    const given = {
      PATH,
      GATEWAY: gateway.origin,
      TOKEN: tokenOf(PING),
      CODE: '0',
      SAYS: 'done',
      RUN: 'nightly-1',
      ...env,
    }
    return promisify(execFile)('sh', ['-c', script], { cwd, env: given }).then(
      ({ stdout }) => stdout,
      (error: { code: number; stderr: string }) => `exit ${error.code}: ${error.stderr}`,
    )
  }
  const reader = createClient({ url: gateway.origin, token: tokenOf(READ) })
  const notifications = async () => (await reader.notifications.list({ eventType: 'backup.failed' })).notifications
  const status = async () => (await gateway.wired.service.listHeartbeats())[0]
  return { gateway, run, notifications, status, reader }
}

it('the commands of the guide report starts, successes and failures', async () => {
  const { run, status, notifications } = await world()
  const [success = '', ended = '', started = '', failure = ''] = blocks('sh')
  expect(await run(success)).toContain('"status":"ok"')
  expect(await run(ended)).toContain('"exit_code":0')
  expect(await status()).toMatchObject({ status: 'ok', exitCode: 0, durationSeconds: null })
  expect(await run(ended, { CODE: '3', SAYS: 'disk full' })).toContain('"status":"failed"')
  const [card] = await notifications()
  expect(card?.correlationId).toBe('heartbeat.nightly_backup')
  expect(await run(started)).toContain('"status":"ok"')
  expect(await status()).toMatchObject({ open: [], durationSeconds: expect.any(Number) })
  expect(await run(failure)).toContain('"status":"failed"')

  const cronJob = parse(blocks('yaml')[1] ?? '')
  const [container] = cronJob.spec.jobTemplate.spec.template.spec.containers
  expect(container.command).toEqual(['sh', '-c'])
  expect(await run(container.args[0])).toContain('"status":"ok"')
  expect(await run(container.args[0], { CODE: '4', RUN: 'nightly-2' })).toMatch(/^exit 4: /)
  expect(await status()).toMatchObject({ status: 'failed', exitCode: 4 })
})

it('a token with the scope ping reports and can do nothing else; others need send', async () => {
  const { gateway } = await world()
  const call = async (entry: string, method: string, path: string, body?: Buffer, headers = {}) => {
    const answer = await fetch(`${gateway.origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${tokenOf(entry)}`, ...headers },
      ...(body ? { body: new Uint8Array(body) } : {}),
    })
    return answer.status === 200 ? 200 : ((await answer.json()) as { code: string }).code
  }
  const path = '/v1/heartbeats/nightly_backup'
  expect(await call(PING, 'POST', path)).toBe(200)
  expect(await call(SEND, 'POST', path)).toBe(200)
  expect(await call(READ, 'POST', path)).toBe('forbidden')
  expect(await call(READ, 'GET', '/v1/heartbeats')).toBe(200)
  for (const [method, other] of [
    ['GET', '/v1/heartbeats'],
    ['POST', '/v1/events'],
    ['GET', '/v1/notifications'],
    ['GET', '/metrics'],
  ] as const)
    expect(await call(PING, method, other)).toBe('forbidden')
  expect(await call(PING, 'POST', '/v1/heartbeats/other')).toBe('not_found')
  expect(await call(PING, 'POST', `/v1/heartbeats/${'x'.repeat(200)}`)).toMatch(/not_found|invalid_request/)
  for (const query of [
    'state=done',
    'exit_code=256',
    'exit_code=x',
    'run_id=a%20b',
    'state=success&exit_code=1',
    'state=start&exit_code=0',
    'code=1',
    'state=start&state=success',
  ])
    expect(await call(PING, 'POST', `${path}?${query}`)).toBe('invalid_request')
  const random = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 256))
  for (const type of ['application/json', 'application/octet-stream', 'text/html', 'multipart/form-data'])
    expect(await call(PING, 'POST', `${path}?state=failure`, random, { 'content-type': type })).toBe(200)
  expect(await call(PING, 'POST', `${path}?state=failure`, random, { 'content-encoding': 'gzip' })).toBe(200)
  expect(await call(PING, 'POST', `${path}?state=failure`, Buffer.alloc(200_000, 'x'))).toBe('body_too_large')
})
