import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { z } from 'zod'
import { type HeartbeatView, heartbeatsWire, heartbeatWire, readPing } from '../../contract/heartbeats.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { inColumns, moment } from '../columns.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import type { TargetFlags } from '../target.ts'

/** Most bytes of an output that are sent: the gateway keeps less. */
const MAX_OUTPUT_BYTES = 16_000

/** Options of `heartbeats ping`. */
export interface PingFlags extends TargetFlags {
  readonly start?: true
  readonly failure?: true
  readonly exitCode?: string
  readonly runId?: string
  readonly output?: string
}

/** `heartbeats list`: exit code 1 where one is missed, overdue or failed. */
export async function listCommand(options: TargetFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> {
  return withTarget(options, 'read', output, gateways, async (target) => {
    const heartbeats = await target.heartbeats.list()
    output.answer(z.encode(heartbeatsWire, { heartbeats: [...heartbeats] }))
    if (heartbeats.length === 0) output.print(`${target.place} expects no heartbeats.`)
    else for (const line of listed(heartbeats, output)) output.print(line)
    return heartbeats.some(({ open }) => open.length > 0) ? EXIT.no : EXIT.ok
  })
}

/** `heartbeats ping` */
export async function pingCommand(
  name: string,
  options: PingFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  if (options.start && options.failure)
    throw new GatewayError('invalid_request', [
      { at: '--start', found: 'a start and a failure', expected: 'one of --start and --failure' },
    ])
  const state = options.start ? 'start' : options.failure ? 'failure' : undefined
  const ping = readPing({
    ...(state === undefined ? {} : { state }),
    ...(options.exitCode === undefined ? {} : { exit_code: options.exitCode }),
    ...(options.runId === undefined ? {} : { run_id: options.runId }),
  })
  const written = options.output === undefined ? undefined : await readWritten(options.output)
  return withTarget(options, 'ping', output, gateways, async (target) => {
    const heartbeat = await target.heartbeats.ping(name, { ...ping, ...(written ? { output: written } : {}) })
    output.answer(z.encode(heartbeatWire, heartbeat))
    output.print(`${heartbeat.name}: ${statusOf(heartbeat, output)}; next success until ${moment(heartbeat.latestAt)}`)
    return EXIT.ok
  })
}

async function readWritten(file: string): Promise<Buffer> {
  try {
    const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file)
    return bytes.subarray(Math.max(0, bytes.length - MAX_OUTPUT_BYTES))
  } catch {
    throw new GatewayError('invalid_request', [
      { at: '--output', found: 'a file that can not be read', expected: 'a file, or - for standard input' },
    ])
  }
}

function listed(heartbeats: readonly HeartbeatView[], output: Output): string[] {
  const head = ['HEARTBEAT', 'STATUS', 'DUE', 'LATEST', 'LAST SUCCESS', 'SCHEDULE', 'TITLE']
  return inColumns([
    head.map((title) => output.paint('dim', title)),
    ...heartbeats.map((heartbeat) => [
      heartbeat.name,
      statusOf(heartbeat, output),
      moment(heartbeat.dueAt),
      moment(heartbeat.latestAt),
      heartbeat.succeededAt === null ? 'never' : moment(heartbeat.succeededAt),
      heartbeat.schedule,
      onOneLine(heartbeat.title),
    ]),
  ])
}

function statusOf({ status, open }: HeartbeatView, output: Output): string {
  if (open.length > 0) return output.paint('red', open.join(', '))
  return status === 'late' ? output.paint('yellow', status) : status
}
