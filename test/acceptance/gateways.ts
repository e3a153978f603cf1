import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import type { GatewayOptions } from '../../src/gateway/options.ts'
import { nodeEnvironment } from '../services/node-environment.ts'
import type { Store } from '../services/stores.ts'

/** Settings under which tests need not wait: budgets that do not bind, and short rests. */
export const QUICK = {
  TEAMS_HTTP_PORT: 0,
  TEAMS_LOG_LEVEL: 'silent',
  TEAMS_RATE_LIMIT_REQUESTS: 100_000,
  TEAMS_RATE_LIMIT_BURST: 1_000,
  TEAMS_BREAKER_PROBE_DELAY: 0.1,
  TEAMS_MAX_RETRY_DELAY: 1,
  TEAMS_DIGEST_AFTER: 86_400,
  TEAMS_DIGEST_URGENT: 100_000,
} as const satisfies GatewayOptions['settings']

/** Serves a gateway inside the test process, with the built-in stand-in for Teams; stopped after the test. */
export async function serveQuick(store: Store, settings: GatewayOptions['settings'] = {}): Promise<ServedGateway> {
  const gateway = await serveGateway({ env: {}, settings: { ...QUICK, ...store, ...settings } })
  onTestFinished(() => gateway.stop())
  return gateway
}

/** A gateway in a process of its own, which can be killed. */
export interface GatewayProcess {
  readonly origin: string
  readonly pid: number
  /** Sends a signal and resolves when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** Starts a gateway in a process of its own, by a program that prints where it listens, and resolves when it does. */
export async function spawnGateway(
  env: Readonly<Record<string, string>>,
  program = new URL('serve-process.ts', import.meta.url),
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [fileURLToPath(program)], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...nodeEnvironment(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    await endProcess(child, 'SIGKILL')
  })
  const origin = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()))
    child.once('exit', (code, signal) =>
      reject(new Error(`the gateway ended with ${code ?? signal} before it listened`)),
    )
  })
  return { origin, pid: child.pid ?? 0, end: (signal) => endProcess(child, signal) }
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
