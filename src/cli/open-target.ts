import { findLocalGateway, tokenFor } from '../gateway/local-gateway.ts'
import type { ExitCode } from '../kernel/exit-codes.ts'
import { gatewayOf, misspeltGatewayNames } from '../settings/gateway-names.ts'
import { loadSettings, readEnvFile } from '../settings/load.ts'
import { readEnvironment } from './environment.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { Need, Target, TargetFlags } from './target.ts'

/**
 * Runs a command at the gateway or database that the flags and settings name, see {@link openTarget}, and closes it afterwards.
 *
 * @throws GatewayError for wrong settings, an unusable database or an unreachable gateway
 */
export async function withTarget(
  flags: TargetFlags,
  need: Need,
  output: Output,
  gateways: OwnGateways,
  run: (target: Target) => Promise<ExitCode>,
): Promise<ExitCode> {
  const target = await openTarget(flags, need, output, gateways)
  try {
    return await run(target)
  } finally {
    await target.close()
  }
}

/**
 * Opens the first of these that applies:
 *
 * 1. the gateway at `--url` or CLAIMLINC_TEAMS_URL, of the environment or of `.env`;
 * 2. with DATABASE_URL, the database: a gateway that runs on it delivers;
 * 3. the gateway that runs on this machine: it has the embedded database open, and only one process can open it;
 * 4. the embedded database; this process delivers, unless it only reads.
 */
async function openTarget(flags: TargetFlags, need: Need, output: Output, gateways: OwnGateways): Promise<Target> {
  const { env: named } = readEnvFile(process.env)
  for (const { at, says } of misspeltGatewayNames(named)) output.note(`${at}: ${says}`)
  const { url, token } = gatewayOf(flags, named)
  if (url !== undefined) return (await import('./remote-target.ts')).openRemote(url, token)
  const env = readEnvironment('error')
  const settings = loadSettings(env)
  const local = settings.DATABASE_URL === undefined ? await findLocalGateway(settings) : undefined
  if (local !== undefined)
    return (await import('./remote-target.ts')).openRemote(local, token ?? tokenFor(settings, need))
  if (settings.DATABASE_URL === undefined) output.progress('Opening the embedded database …')
  return (await import('./own-target.ts')).openOwn(env, need, output, gateways)
}
