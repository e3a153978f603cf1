import type { Catalogue } from '../catalogue/catalogue.ts'
import type { GatewayService } from '../contract/service.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { packageVersion } from '../kernel/version.ts'
import type { Settings } from '../settings/table.ts'

/** A gateway in this process. */
export interface OwnGateway {
  readonly settings: Settings
  readonly catalogue: Catalogue
  readonly service: GatewayService
  stop(): Promise<void>
}

/** A gateway in this process that is served over HTTP, and delivers. */
export interface ServedGateway extends OwnGateway {
  /** For example `http://127.0.0.1:8080`. */
  readonly origin: string
  /** Address of the sandbox's page; undefined if the sandbox is not used. */
  readonly sandboxUrl: string | undefined
  /** Origin of the pages behind buttons; undefined if this process serves none. */
  readonly pagesOrigin: string | undefined
}

/** A gateway in this process for one command. It delivers in {@link OpenGateway.finish} only. */
export interface OpenGateway extends OwnGateway {
  /** True if cards go to the sandbox. */
  readonly usesSandbox: boolean
  /** Sends due notifications, within the channels' budgets, for at most TEAMS_SHUTDOWN_TIMEOUT. Serves the sandbox meanwhile. */
  finish(): Promise<void>
}

/** The first line of `serve` for people: version, address, and where the record is stored. */
export function listeningLine({ origin, settings }: ServedGateway): string {
  const place = settings.DATABASE_URL === undefined ? settings.TEAMS_DATA_DIR : 'PostgreSQL'
  return `claimlinc-teams ${packageVersion()} listens on ${origin} and keeps its record in ${place}.`
}

/**
 * Makes gateways in the command's own process. `src/app/main.ts` passes it in, because the command line may not import the
 * wiring.
 */
export interface OwnGateways {
  /** @throws GatewayError as {@link OwnGateways.open} does, and `port_in_use` */
  serve(options: GatewayOptions): Promise<ServedGateway>
  /** @throws GatewayError for wrong settings, configuration, templates or secrets, or an unusable database */
  open(options: GatewayOptions): Promise<OpenGateway>
}
