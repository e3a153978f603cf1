import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { findCelery, findPythonRedis } from '../../test/services/celery.ts'
import { findChromium } from '../../test/services/chromium.ts'
import { findOnPath } from '../../test/services/find.ts'
import { findArabicFont } from '../../test/services/fonts.ts'
import { findPgBouncer } from '../../test/services/pgbouncer.ts'
import { findPostgres } from '../../test/services/postgres.ts'
import { findAlertmanager, findPrometheus } from '../../test/services/prometheus.ts'
import { findRabbitMq } from '../../test/services/rabbitmq.ts'
import { findRedis } from '../../test/services/redis.ts'
import type { TierName } from '../tiers.ts'
import { run } from './run.ts'

interface Need {
  readonly name: string
  /** Debian's package. */
  readonly package: string
  readonly find: () => string | undefined
  /** The tier that alone needs it; absent where others do too. */
  readonly tier?: TierName
  /** False for what does not print its version. */
  readonly versioned?: boolean
}

/** Programs that tests need. */
const NEEDS: readonly Need[] = [
  { name: 'PostgreSQL', package: 'postgresql', find: () => within(findPostgres(), 'postgres') },
  { name: 'PgBouncer', package: 'pgbouncer', find: findPgBouncer },
  { name: 'Redis', package: 'redis-server', find: findRedis },
  { name: 'Prometheus', package: 'prometheus', find: findPrometheus },
  { name: 'Alertmanager', package: 'prometheus-alertmanager', find: findAlertmanager },
  { name: 'RabbitMQ', package: 'rabbitmq-server', find: findRabbitMq, tier: 'own-services', versioned: false },
  { name: 'Celery', package: 'python3-celery', find: findCelery, tier: 'own-services', versioned: false },
  {
    name: 'the Redis client of Python',
    package: 'python3-redis',
    find: findPythonRedis,
    tier: 'own-services',
    versioned: false,
  },
  { name: 'Chromium', package: 'chromium', find: findChromium },
  { name: 'Arabic fonts', package: 'fonts-noto-core', find: findArabicFont, versioned: false },
]

/**
 * Runs as root, with the packages as arguments. A service that the package would start is kept from starting: tests have their
 * own, and port 5432 may be in use.
 */
const INSTALL = `
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get -o Acquire::Retries=3 update
apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
`

/**
 * Finds the services that tests need, and installs with apt-get those that are not there.
 *
 * @param tiers of the tests: `npm test` does not install what only the tier of processes needs
 * @returns what is there, with versions, in one line.
 * @throws Error that names what is missing and how to install it.
 */
export async function ensureServices(
  log: (line: string) => void,
  tiers: readonly TierName[] = ['shared-services'],
): Promise<string> {
  const needs = NEEDS.filter(({ tier }) => tier === undefined || tiers.includes(tier))
  const missing = needs.filter((need) => need.find() === undefined)
  if (missing.length > 0) {
    log(`installing ${missing.map((need) => need.package).join(', ')} ...`)
    await install(missing.map((need) => need.package))
    const still = missing.filter((need) => need.find() === undefined)
    if (still.length > 0) throw new Error(`${list(still)} can not be found, although apt-get has installed it.`)
  }
  return (await Promise.all(needs.map(version))).join(', ')
}

async function install(packages: readonly string[]): Promise<void> {
  const byHand = `Install them and run the tests again, on Debian with: apt-get install ${packages.join(' ')}`
  if (!findOnPath('apt-get'))
    throw new Error(`The tests need ${packages.join(', ')}, and there is no apt-get. ${byHand}`)
  const sudo =
    process.getuid?.() === 0 ? [] : findOnPath('sudo') ? ['sudo', ...(process.stdin.isTTY ? [] : ['-n'])] : undefined
  if (!sudo) throw new Error(`The tests need ${packages.join(', ')}, and only root may install them. ${byHand}`)
  const [command = 'sh', ...args] = [...sudo, 'sh', '-c', INSTALL, 'install', ...packages]
  const { code, output } = await run(spawn(command, args, { stdio: ['inherit', 'pipe', 'pipe'] }))
  if (code !== 0) throw new Error(`apt-get failed. ${byHand}\n${output.split('\n').slice(-25).join('\n')}`)
}

async function version({ name, find, versioned = true }: Need): Promise<string> {
  const path = find()
  if (path === undefined || !versioned) return name
  const { code, output } = await run(spawn(path, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] }))
  if (code !== 0) throw new Error(`${path} does not run:\n${output}`)
  return `${name} ${output.match(/\d+(\.\d+)+/)?.[0] ?? ''}`.trim()
}

function within(folder: string | undefined, program: string): string | undefined {
  return folder && join(folder, program)
}

function list(needs: readonly { readonly name: string }[]): string {
  return needs.map((need) => need.name).join(', ')
}
