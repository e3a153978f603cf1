import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGateway } from '../../src/app/gateway.ts'
import { serveGateway } from '../../src/app/serve.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createSandboxServer } from '../../src/stand-ins/teams/test-server.ts'
import { QUICK, serveQuick } from '../acceptance/gateways.ts'
import { startPostgres } from '../services/postgres.ts'

describe('PostgreSQL that is unreachable for more than 30 s', { timeout: 120_000 }, () => {
  it('loses no outcome: a finished attempt is recorded after the restart', async () => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.stop())
    const tries: unknown[] = []
    const triedFor30s = Promise.withResolvers<void>()
    const gateway = await serveGateway({
      env: {},
      settings: { ...QUICK, DATABASE_URL: postgres.url },
      log: createLog('warn', {
        write(line) {
          const logged = JSON.parse(line)
          if (typeof logged.tries === 'number') tries.push(logged.tries)
          if (logged.tries > 30) triedFor30s.resolve()
        },
      }),
    })
    onTestFinished(() => gateway.stop())
    const sandbox = gateway.wired.sandbox?.model
    sandbox?.setFaults('sre', { delay_ms: 1_000 })
    const [answer] = await gateway.wired.service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'] }],
      'test',
    )
    await sandbox?.waitFor('sre', 1)
    await postgres.kill()
    await triedFor30s.promise
    await postgres.restart()
    const id = answer?.notifications[0]?.id ?? ''
    const detail = () => gateway.wired.service.getNotification(id, 'test').catch(() => undefined)
    await expect
      .poll(detail, { timeout: 30_000 })
      .toMatchObject({ state: 'accepted', attempts: [{ outcome: 'accepted', repeat: false }] })
    expect(sandbox?.messages('sre')).toHaveLength(1)
    expect(tries).toEqual([1, 31])
  })
})

describe('PostgreSQL that restarts', () => {
  it('causes no second post of a card in flight, and delivery continues', async () => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.stop())
    const gateway = await serveQuick({ DATABASE_URL: postgres.url })
    const sandbox = gateway.wired.sandbox?.model
    sandbox?.setFaults('sre', { delay_ms: 1_000 })
    const [answer] = await gateway.wired.service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'] }],
      'test',
    )
    await sandbox?.waitFor('sre', 1)
    await postgres.kill()
    await expect(
      gateway.wired.service.accept([{ eventType: 'vault.seal.detected', data: { node: 'vault-2' } }], 'test'),
    ).rejects.toMatchObject({ code: 'database_unreachable' })
    expect((await gateway.wired.service.readiness()).map(({ ok }) => ok)).toEqual([false, false])
    await postgres.restart()

    const id = answer?.notifications[0]?.id ?? ''
    const ask = () => gateway.wired.service.getNotification(id, 'test').catch(() => undefined)
    for (let found = await ask(); found?.state !== 'accepted'; found = await ask()) await setTimeout(50)
    expect(await ask()).toMatchObject({ attempts: [{ outcome: 'accepted', repeat: false }] })
    expect(sandbox?.messages('sre')).toHaveLength(1)

    // Wake-ups work again too, not only the sweep.
    await gateway.wired.service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['cloudops'] }],
      'test',
    )
    await sandbox?.waitFor('cloudops', 1)
    expect((await gateway.wired.service.readiness()).every(({ ok }) => ok)).toBe(true)
  })
})

describe('stop', () => {
  it('ends within 5 s for TEAMS_SHUTDOWN_TIMEOUT=1 while the database is unreachable', async () => {
    const postgres = await startPostgres({ durable: false })
    onTestFinished(() => postgres.stop())
    const teams = await createSandboxServer()
    onTestFinished(() => teams.close())
    const gateway = await createGateway({
      env: {},
      webhooks: Object.fromEntries(teams.addresses),
      settings: {
        ...QUICK,
        DATABASE_URL: postgres.url,
        TEAMS_SANDBOX: 'off',
        TEAMS_SANDBOX_ORIGIN: teams.origin,
        TEAMS_SHUTDOWN_TIMEOUT: 1,
      },
    })
    await gateway.start()
    teams.sandbox.setFaults('sre', { delay_ms: 300 })
    await gateway.send({ eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'] })
    await teams.sandbox.waitFor('sre', 1)
    await postgres.kill()
    const since = Date.now()
    await gateway.stop()
    expect(Date.now() - since).toBeLessThan(5_000)
  })
})
