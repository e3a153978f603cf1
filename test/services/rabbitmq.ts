import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from './find.ts'
import { freePort, onFreePort, type Program, privateFolder, startProgram } from './program.ts'

/** A RabbitMQ node of our own, with the management plugin. */
export interface RabbitMq extends Program {
  /** `rabbit-PORT@localhost`. */
  readonly node: string
  /** AMQP 0-9-1 on 127.0.0.1, as the administrator. */
  readonly amqpUrl: string
  /** The management API on 127.0.0.1: `http://127.0.0.1:PORT`. */
  readonly managementUrl: string
  /** Calls the management API as the administrator and returns the JSON of its answer. @throws Error for another status than 2xx */
  api(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>
}

/** The administrator, who may do everything on the virtual host `/`. */
export const RABBITMQ_ADMIN = { user: 'admin', password: 'password-of-the-administrator' } as const

/** A node that joins need not wait for others that start at the same time. */
const JOINING = [
  'cluster_formation.peer_discovery_backend = classic_config',
  'cluster_formation.randomized_startup_delay_range.min = 0',
  'cluster_formation.randomized_startup_delay_range.max = 1',
]

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/** Path of the server's start script; undefined where there is none. Debian's on the PATH runs it as another user. */
export function findRabbitMq(): string | undefined {
  return existsSync(SERVER) ? SERVER : undefined
}

/** Options of {@link startRabbitMq}. */
export interface RabbitMqOptions {
  /** Plugins besides `rabbitmq_management`. */
  readonly plugins?: readonly string[]
  /** Further lines of rabbitmq.conf. */
  readonly config?: readonly string[]
  /** A node whose cluster the new node joins. */
  readonly joins?: RabbitMq
}

/** Nodes of one run find each other through one epmd, which listens here. */
const epmdPorts = new WeakMap<RabbitMq, { readonly epmd: Program; readonly port: number }>()

/**
 * Starts a private node in a temporary folder on free ports. It has an epmd of its own, which ends with it, unless it joins the cluster
 * of another node. Statistics are collected each second instead of every five.
 */
export async function startRabbitMq(options: RabbitMqOptions = {}): Promise<RabbitMq> {
  const command = findRabbitMq()
  if (!command) throw new Error('rabbitmq-server is not installed; "npm run test:services" installs it.')
  const joined = options.joins && epmdPorts.get(options.joins)
  const epmd = joined ?? (await startEpmd())
  try {
    return await onFreePort((port) => startNode(command, port, options, epmd, joined !== undefined))
  } catch (error) {
    if (!joined) await epmd.epmd.stop()
    throw error
  }
}

async function startEpmd(): Promise<{ readonly epmd: Program; readonly port: number }> {
  const command = findOnPath('epmd')
  if (!command) throw new Error('epmd is not installed; "npm run test:services" installs it.')
  return onFreePort(async (port) => ({
    port,
    epmd: await startProgram({
      name: 'epmd',
      folder: privateFolder('epmd'),
      owner: undefined,
      command,
      args: ['-d', '-port', String(port), '-address', '127.0.0.1'],
      ready: /epmd running/,
      stopSignal: 'SIGKILL',
      abandonSignal: 'SIGKILL',
    }),
  }))
}

async function startNode(
  command: string,
  port: number,
  { plugins = [], config = [], joins }: RabbitMqOptions,
  { epmd, port: epmdPort }: { readonly epmd: Program; readonly port: number },
  keepsEpmd: boolean,
): Promise<RabbitMq> {
  const folder = privateFolder('rabbitmq')
  const [managementPort, distributionPort] = [await freePort(), await freePort()]
  const node = `rabbit-${port}@localhost`
  const { user, password } = RABBITMQ_ADMIN
  const nodes = joins ? [joins.node, node] : []
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${managementPort}`,
    `default_user = ${user}`,
    `default_pass = ${password}`,
    'loopback_users = none',
    'collect_statistics_interval = 1000',
    'log.file = false',
    'log.console = true',
    'log.console.level = info',
    ...nodes.map((name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`),
    ...(joins ? JOINING : []),
    ...config,
  ]
  writeFileSync(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`)
  writeFileSync(join(folder, 'enabled_plugins'), `[${['rabbitmq_management', ...plugins].join(',')}].\n`)
  writeFileSync(join(folder, 'advanced.config'), '[].\n')
  writeFileSync(join(folder, 'rabbitmq-env.conf'), '')
  // The nodes of a cluster share it.
  writeFileSync(join(folder, '.erlang.cookie'), 'CLAIMLINCTEAMSTEST', { mode: 0o400 })
  const program = await startProgram({
    name: 'RabbitMQ',
    folder,
    owner: undefined,
    command,
    args: [],
    env: {
      HOME: folder,
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: node,
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      // One scheduler, which does not spin while it has nothing to do; the distribution listens on this machine only.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
      // Then the script becomes the server, and a signal reaches it.
      RUNNING_UNDER_SYSTEMD: 'true',
    },
    ready: /Server startup complete|completed with \d+ plugins/,
    // An orderly stop takes seconds, and keeps nothing that a killed node would lose: what was confirmed is on the disk.
    stopSignal: 'SIGKILL',
    abandonSignal: 'SIGKILL',
  })
  const managementUrl = `http://127.0.0.1:${managementPort}`
  const rabbit = Object.assign(program, {
    node,
    amqpUrl: `amqp://${user}:${password}@127.0.0.1:${port}`,
    managementUrl,
    api: (method: string, path: string, body?: object) => callApi(managementUrl, method, path, body),
  })
  epmdPorts.set(rabbit, { epmd, port: epmdPort })
  if (keepsEpmd) return rabbit
  const stop = rabbit.stop.bind(rabbit)
  return Object.assign(rabbit, {
    async stop() {
      await stop()
      await epmd.stop()
    },
  })
}

async function callApi(url: string, method: string, path: string, body?: object): Promise<unknown> {
  const { user, password } = RABBITMQ_ADMIN
  const answer = await fetch(`${url}/api/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
