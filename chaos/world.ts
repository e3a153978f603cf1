import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Postgres } from '../test/services/postgres.ts'
import { startPostgres } from '../test/services/postgres.ts'
import { type Clicker, type Clicks, PUBLIC_URL, startClicker } from './clicker.ts'
import { askPostgres } from './dump.ts'
import { configOf, type EscalationFacts, PAGER, PAGER_KEY } from './escalation.ts'
import { CALM, type ChannelPlan } from './faults.ts'
import {
  type AcceptedLine,
  type ClickerLine,
  createLines,
  type SenderLine,
  type TimelineEvent,
  type TimelineLine,
} from './history.ts'
import { createLinkReader } from './links.ts'
import { type Pager, startPager } from './pager.ts'
import { originIn, start } from './processes.ts'
import { startProxy, type TcpProxy } from './proxy.ts'
import { createRandom, type Random } from './random.ts'
import { createReplica, type Replica, type StartOptions } from './replicas.ts'
import { type Mix, ORDINARY, type Sender, startSender } from './sender.ts'
import type { Deployment, Form, Setup } from './setup.ts'

/** Everything that a scenario uses: gateways, receiver, senders, services, and the timeline of faults. */
export interface World {
  readonly random: Random
  /** Everything that the scenario writes. */
  readonly folder: string
  readonly root: string
  readonly channels: readonly string[]
  readonly receiver: { readonly origin: string; plan(plan: Plans): Promise<void> }
  readonly replicas: readonly Replica[]
  readonly replica: Replica
  /** Starts every replica; resolves when all of them listen. */
  startReplicas(options?: StartOptions): Promise<void>
  /** The PostgreSQL of a scenario on PostgreSQL. */
  readonly postgres: Postgres
  /** Between PostgreSQL and the gateways, if the scenario asked for it. */
  readonly proxy: TcpProxy
  /** Queries PostgreSQL, past the proxy. */
  ask<T>(sql: string): Promise<readonly T[]>
  /** Starts senders; the runner stops those that the scenario does not. */
  send(mix?: Partial<Mix>): Sender
  /** Lets people click at events that climb; the runner stops them. */
  click(clicks: Clicks): Clicker
  /** PagerDuty, if the policy of the scenario calls it. */
  readonly pager: Pager
  /** Records a fault that begins now; call the returned function when the fault ends. */
  fault(
    fault: string,
    on: string,
    options?: { readonly cuts: boolean; readonly process?: string | undefined },
  ): () => void
  record(kind: TimelineEvent): void
  progress(text: string): void
  /** Registers a task for the end, in reverse order, also after an error. */
  later(task: () => Promise<void>): void
  /** Registers a task for after the dump, when no process has the database open. */
  afterDump(task: () => Promise<void>): void
  /** Environment that points the gateways to their database. */
  readonly store: Readonly<Record<string, string>>
  readonly senders: readonly Sender[]
  readonly clickers: readonly Clicker[]
  mendAll(): void
  close(): Promise<void>
}

/** Plans by channel; fields that are left out are as without faults. */
export type Plans = Readonly<Record<string, Partial<ChannelPlan>>>

export const SIGNING_SECRET = 'chaos-signing-secret-0123456789abcdef'
export const TIMEOUT_MS = 5_000
const PER_HOST = 12
export const CHANNELS = ['security_eng', 'cloudops', 'runtime_eng', 'devops', 'sre', 'compliance'] as const
export const BUDGET = { requests: 900, period: 60, burst: 20 } as const

/** One run of a scenario. */
export interface ScenarioRun {
  readonly scenario: Deployment
  readonly form: Form
  readonly seed: string
  readonly folder: string
  /** The checkout whose gateway runs. */
  readonly root: string
  readonly version: string
  readonly progress: (text: string) => void
}

/** Starts the receiver and the services of a scenario; its gateways are not started yet. */
export async function createWorld(options: ScenarioRun, setup: Setup): Promise<World> {
  const { scenario, seed, folder, root } = options
  const releases: (() => Promise<void>)[] = []
  const later = (task: () => Promise<void>) => void releases.push(task)
  async function close() {
    for (const task of releases.splice(0).reverse()) await task().catch((error: unknown) => console.error(error))
  }
  mkdirSync(folder, { recursive: true })
  const timeline = createLines<TimelineLine>(join(folder, 'timeline.jsonl'))
  later(async () => timeline.close())
  const sent = createLines<SenderLine>(join(folder, 'sender.jsonl'))
  later(async () => sent.close())
  const clicked = createLines<ClickerLine>(join(folder, 'clicks.jsonl'))
  later(async () => clicked.close())
  const accepted: AcceptedLine[] = []
  const record = (kind: TimelineEvent) => timeline.write({ t: Date.now(), ...kind } as TimelineLine)
  const random = createRandom(`${seed}/${scenario.name}`)
  const channels = setup.channels ?? CHANNELS
  try {
    const receiver = await startReceiverProcess(folder, later)
    const { store, postgres, proxy } = await openStore(scenario, setup, folder, later)
    const { escalation } = setup
    const pager = escalation?.tiers.some(({ pagers }) => pagers.length > 0)
      ? await startPager(folder, later)
      : undefined
    const climbing = escalation === undefined ? {} : climbingSettings(folder, escalation, pager)
    const publicPorts = setup.links ? await freePorts(scenario.replicas) : []
    const budget = setup.budget ?? BUDGET
    const env = (process: string) => ({
      TEAMS_HTTP_PORT: '0',
      TEAMS_LOG_LEVEL: 'warn',
      TEAMS_SANDBOX: 'off',
      TEAMS_SANDBOX_ORIGIN: receiver.origin,
      TEAMS_HMAC_SECRET_KEY: SIGNING_SECRET,
      TEAMS_RATE_LIMIT_REQUESTS: String(budget.requests),
      TEAMS_RATE_LIMIT_PERIOD: String(budget.period),
      TEAMS_RATE_LIMIT_BURST: String(budget.burst),
      TEAMS_CONNECTIONS_PER_HOST: String(PER_HOST),
      TEAMS_CONNECTION_TIMEOUT: String((setup.timeoutMs ?? TIMEOUT_MS) / 1000),
      TEAMS_BREAKER_PROBE_DELAY: '0.5',
      TEAMS_MAX_RETRY_DELAY: '4',
      TEAMS_MAX_RETRY_AFTER: '4',
      NODE_COMPILE_CACHE: join(folder, '..', 'compile-cache'),
      ...(setup.addresses === false
        ? {}
        : Object.fromEntries(
            channels.map((key) => [
              `TEAMS_WEBHOOK_${key.toUpperCase()}`,
              `${receiver.origin}/channels/${key}?via=${process}`,
            ]),
          )),
      ...store,
      ...(typeof setup.proxied === 'string' && !process.startsWith(`${setup.proxied}-`)
        ? { DATABASE_URL: postgres?.url }
        : {}),
      ...climbing,
      ...linkSettings(publicPorts[Number(/^g(\d+)-/.exec(process)?.[1]) - 1]),
      ...setup.settings,
    })
    const replicas = Array.from({ length: scenario.replicas }, (_, index) =>
      createReplica({
        name: `g${index + 1}`,
        folder,
        root,
        version: options.version,
        env,
        record,
        publicPort: publicPorts[index],
      }),
    )
    later(async () => void (await Promise.all(replicas.map((replica) => replica.kill()))))
    const open = new Map<number, () => void>()
    let faults = 0
    const senders: Sender[] = []
    const clickers: Clicker[] = []
    const first = replicas[0]
    if (!first) throw new Error(`The scenario "${scenario.name}" has no replica.`)
    return {
      random,
      folder,
      root,
      channels,
      store,
      replicas,
      replica: first,
      startReplicas: async (given) => void (await Promise.all(replicas.map((replica) => replica.start(given)))),
      senders,
      clickers,
      receiver,
      get pager() {
        if (!pager) throw new Error(`No tier of the scenario "${scenario.name}" calls a pager.`)
        return pager
      },
      get postgres() {
        if (!postgres) throw new Error(`The scenario "${scenario.name}" has no PostgreSQL.`)
        return postgres
      },
      get proxy() {
        if (!proxy) throw new Error(`The scenario "${scenario.name}" did not ask for a proxy.`)
        return proxy
      },
      ask: (sql) => askPostgres(postgres?.url ?? '', sql),
      send(mix = {}) {
        const sender = startSender({
          replicas,
          name: `${scenario.name}-${senders.length + 1}`,
          random: random.fork(`sender-${senders.length + 1}`),
          note(line) {
            sent.write(line)
            if (line.kind === 'accepted' && doesClimb(line, escalation)) accepted.push(line)
          },
          mix: { rate: 60, callers: 4, batch: 6, priorities: ORDINARY, channels, again: 0.03, ...mix },
        })
        senders.push(sender)
        return sender
      },
      click(clicks) {
        const clicker = startClicker({
          replicas,
          events: () => accepted,
          clicks,
          linkOf: createLinkReader(join(folder, 'receiver.jsonl')),
          name: `${scenario.name}-${clickers.length + 1}`,
          random: random.fork(`clicker-${clickers.length + 1}`),
          note: clicked.write,
        })
        clickers.push(clicker)
        return clicker
      },
      fault(fault, on, { cuts, process } = { cuts: true }) {
        const id = ++faults
        record({ kind: 'fault', fault, id, on, cuts, process })
        const mend = () => {
          if (open.delete(id)) record({ kind: 'mended', id })
        }
        open.set(id, mend)
        return mend
      },
      mendAll() {
        for (const mend of open.values()) mend()
      },
      record,
      progress: options.progress,
      later,
      // The replicas end in `later`, and what is registered before them runs after them.
      afterDump: (task) => void releases.unshift(task),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whether an accepted event climbs: by its priority, and because it is no repeat of another one. */
function doesClimb({ priority, notifications }: AcceptedLine, escalation: EscalationFacts | undefined): boolean {
  const isCalled = escalation?.priorities.includes(priority) ?? false
  return isCalled && notifications.every(({ state }) => state === 'pending')
}

function climbingSettings(folder: string, escalation: EscalationFacts, pager: Pager | undefined) {
  const file = join(folder, 'config.json')
  writeFileSync(file, configOf(escalation, pager?.url))
  return {
    TEAMS_CONFIG_FILE: file,
    TEAMS_ESCALATION: 'on',
    ...(pager === undefined ? {} : { [`TEAMS_PAGER_KEY_${PAGER.toUpperCase()}`]: PAGER_KEY }),
  }
}

function linkSettings(port: number | undefined): Readonly<Record<string, string>> {
  if (port === undefined) return {}
  return {
    TEAMS_PUBLIC_URL: PUBLIC_URL,
    TEAMS_PUBLIC_PORT: String(port),
    TEAMS_LINK_SECRETS: 'chaos-link-secret-0123456789abcdef',
  }
}

/** Ports on which nothing listens: a replica that is started again has to listen where it did. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      return address && typeof address === 'object' ? address.port : 0
    }),
  )
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return ports
}

type Later = (task: () => Promise<void>) => void

async function startReceiverProcess(folder: string, later: Later): Promise<World['receiver']> {
  const program = start({
    command: process.execPath,
    args: [new URL('receiver.ts', import.meta.url).pathname, join(folder, 'receiver.jsonl'), SIGNING_SECRET],
    cwd: folder,
    env: {},
    errors: join(folder, 'receiver.log'),
    find: originIn,
  })
  later(async () => {
    program.send('SIGTERM')
    await program.ended
  })
  const origin = await program.ready
  return {
    origin,
    async plan(plans) {
      const whole = Object.fromEntries(Object.entries(plans).map(([key, plan]) => [key, { ...CALM, ...plan }]))
      const answer = await fetch(`${origin}/plan`, { method: 'PUT', body: JSON.stringify(whole) })
      if (answer.status !== 204) throw new Error(`The receiver answered its plan with ${answer.status}.`)
    },
  }
}

async function openStore(scenario: Deployment, setup: Setup, folder: string, later: Later) {
  if (scenario.store === 'embedded')
    return { store: { TEAMS_DATA_DIR: join(folder, 'data') }, postgres: undefined, proxy: undefined }
  const postgres = await startPostgres({ envIn: setup.postgresEnv })
  later(() => postgres.stop())
  if (!setup.proxied) return { store: { DATABASE_URL: postgres.url }, postgres, proxy: undefined }
  const url = new URL(postgres.url)
  const proxy = await startProxy(Number(url.port))
  later(() => proxy.close())
  url.port = String(proxy.port)
  return { store: { DATABASE_URL: url.href }, postgres, proxy }
}
