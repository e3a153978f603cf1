import { expect, it } from 'vitest'
import { startedStore } from '../services/stores.ts'
import { runCli, runJson, serveHere } from './cli.ts'

it('stats shows the figures of this machine and of a gateway, and --check says which targets are missed', async () => {
  const env = await startedStore('postgres')
  const empty = await runJson(['stats', '--check'], { env })
  expect(empty).toMatchObject({ code: 0, answer: { ok: true, delivered: 0, delivery_rate: null } })
  expect(empty.answer.checks).toContainEqual({
    name: 'delivery_rate',
    met: null,
    found: null,
    target: 'above 99 %',
  })

  const gateway = await serveHere(env)
  const url = ['--url', gateway.origin]
  await runJson(['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"vault-1"}', ...url])
  await expect
    .poll(async () => (await runJson(['stats', ...url])).answer.delivered, { timeout: 60_000 })
    .toBeGreaterThan(0)
  const { stdout, code } = await runCli(['stats', '--check', ...url])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^delivery rate +100\.00 % \(\d+ delivered, 0 failed\)$/m)
  expect(stdout).toMatch(/^met +delivery_rate +1 +above 99 %$/m)
  expect(stdout).toMatch(/^unknown +critical_acknowledgement +nothing measured +below 5 minutes$/m)

  const wrong = await runJson(['stats', '--since', 'yesterday'], { env })
  expect(wrong.code).toBe(2)
}, 180_000)
