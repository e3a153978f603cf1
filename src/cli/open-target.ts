import { findLocalGateway, tokenFor } from '../gateway/local-gateway.ts'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import { misspeltGatewayNames } from '../settings/gateway-names.ts'
import { loadSettings } from '../settings/load.ts'
import { readEnvironment } from './environment.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { Need, Target, TargetFlags } from './target.ts'

/**
 * Finds the gateway to speak to:
 *
 * 1. the one at `--url`;
 * 2. with DATABASE_URL, the database itself: whatever gateway runs on it delivers;
 * 3. the one that runs on this machine: it has the embedded database open, and only one process can;
 * 4. the embedded database, and where something is to be sent, this process sends it.
 *
 * @throws GatewayError for settings, a database or a gateway that do not work
 */
export async function openTarget(
  flags: TargetFlags,
  need: Need,
  output: Output,
  gateways: OwnGateways,
): Promise<Target> {
  for (const { at, says } of misspeltGatewayNames(process.env)) output.note(`${at}: ${says}`)
  if (flags.url !== undefined) return (await import('./remote-target.ts')).openRemote(flags.url, flags.token)
  const env = readEnvironment('error')
  const settings = loadSettings(env)
  const local = settings.DATABASE_URL === undefined ? await findLocalGateway(settings) : undefined
  if (local !== undefined)
    return (await import('./remote-target.ts')).openRemote(local, flags.token ?? tokenFor(settings, need))
  if (settings.DATABASE_URL === undefined) output.progress('Opening the embedded database …')
  return (await import('./own-target.ts')).openOwn(env, need, output, gateways)
}

/**
 * Runs a command at the gateway that the flags name, and closes what was opened for it.
 *
 * @throws GatewayError as {@link openTarget} does
 */
export async function atTarget(
  flags: TargetFlags,
  need: Need,
  output: Output,
  gateways: OwnGateways,
  run: (target: Target) => Promise<void>,
): Promise<ExitCode> {
  const target = await openTarget(flags, need, output, gateways)
  try {
    await run(target)
    return EXIT.ok
  } finally {
    await target.close()
  }
}
