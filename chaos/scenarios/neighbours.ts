import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startRedis } from '../../test/services/redis.ts'
import { start } from '../processes.ts'
import { ALL_BUT_ORDER, COMMON_PROMISES } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import { SIGNING_SECRET, type World } from '../world.ts'

// Order only where something has to wait.

/** Redis and Vault, without which everything has to go on. */
export const NEIGHBOURS: readonly Scenario[] = [
  {
    name: 'redis-away',
    does: 'under load, Redis is unreachable at start, starts, hangs, is killed and starts again; it must never hold the only copy',
    promises: ALL_BUT_ORDER,
    short: false,
    store: 'postgres',
    replicas: 2,
    async play(world) {
      const redis = await startRedis()
      world.later(() => redis.stop())
      const away = world.fault('Redis away at start', 'redis', { cuts: false })
      await redis.kill()
      await world.startReplicas({ env: { TEAMS_REDIS_URL: redis.url } })
      world.send({ rate: 50 })
      await wait(3_000)
      await redis.restart()
      away()
      for (let round = 1; round <= 4; round++) {
        await wait(world.random.between(1_000, 3_000))
        const hanging = world.fault('Redis hangs', 'redis', { cuts: false })
        redis.signal('SIGSTOP')
        await wait(world.random.between(2_000, 8_000))
        redis.signal('SIGCONT')
        hanging()
        await wait(world.random.between(500, 2_000))
        const killed = world.fault('Redis killed', 'redis', { cuts: false })
        await redis.kill()
        await wait(world.random.between(500, 4_000))
        await redis.restart()
        killed()
        world.progress(`round ${round} of 4`)
      }
    },
  },
  {
    name: 'vault',
    does: 'Vault, which has the webhook URLs, is unreachable at start, then sealed; later, under load, it is sealed, unreachable and hangs; then it has new URLs',
    promises: COMMON_PROMISES,
    short: false,
    store: 'postgres',
    replicas: 2,
    setup: () => ({ addresses: false, settings: { TEAMS_HMAC_SECRET_KEY: undefined } }),
    async play(world) {
      const vault = await startVaultProcess(world)
      const env = {
        VAULT_ADDR: vault.url,
        VAULT_TOKEN: vault.token,
        TEAMS_WEBHOOK_VAULT_PATH: 'secret/teams/webhooks',
        TEAMS_HMAC_VAULT_PATH: 'secret/teams/config',
        TEAMS_VAULT_REFRESH: '2',
      }
      const [first, second] = world.replicas
      const during = async (what: string, act: string, mend: string, ms: number) => {
        const mended = world.fault(`Vault ${what}`, 'vault', { cuts: false })
        await vault.command(act)
        await wait(ms)
        await vault.command(mend)
        mended()
        world.progress(`Vault ${what}`)
      }
      const away = world.fault('Vault away at start', 'vault', { cuts: false })
      await vault.command('stop')
      await first?.start({ env })
      world.send({ rate: 40 })
      await wait(3_000)
      await vault.command('start')
      away()
      const sealed = world.fault('Vault sealed at start', 'vault', { cuts: false })
      await vault.command('seal')
      await second?.start({ env })
      await wait(3_000)
      await vault.command('unseal')
      sealed()
      for (let round = 1; round <= 3; round++) {
        await wait(3_000)
        await during('sealed', 'seal', 'unseal', world.random.between(2_000, 6_000))
        await during('away', 'stop', 'start', world.random.between(2_000, 6_000))
        const hanging = world.fault('Vault hangs', 'vault', { cuts: false })
        vault.signal('SIGSTOP')
        await wait(world.random.between(2_000, 6_000))
        vault.signal('SIGCONT')
        hanging()
        await vault.command(`urls v${round}`)
      }
      // A restart while Vault is sealed: the new process has no URLs and waits for them.
      const again = world.fault('Vault sealed while a replica starts again', 'vault', { cuts: false })
      await vault.command('seal')
      await first?.stop()
      await first?.start({ env })
      await wait(4_000)
      await vault.command('unseal')
      again()
      await wait(6_000)
    },
  },
]

/** Runs the test kit's Vault in a process of its own; it takes one command per line of a request. */
async function startVaultProcess(world: World) {
  const facts = join(world.folder, 'vault.json')
  writeFileSync(
    facts,
    JSON.stringify({ channels: world.channels, receiver: world.receiver.origin, hmac: SIGNING_SECRET }),
  )
  const program = start({
    command: process.execPath,
    args: [new URL('../vault-process.ts', import.meta.url).pathname, facts],
    cwd: world.folder,
    env: {},
    errors: join(world.folder, 'vault.log'),
    find: (output) => (output.includes('\n') ? output.trim() : undefined),
  })
  world.later(async () => {
    program.send('SIGTERM')
    await program.ended
  })
  const { url, token, control } = JSON.parse(await program.ready) as { url: string; token: string; control: string }
  return {
    url,
    token,
    signal: program.send,
    async command(command: string) {
      const answer = await fetch(control, { method: 'POST', body: command })
      if (answer.status !== 204) throw new Error(`Vault's stand-in answered "${command}" with ${answer.status}.`)
    },
  }
}
