import type { Catalogue } from '../catalogue/catalogue.ts'
import type { GatewayService } from '../contract/service.ts'
import type { GatewayOptions } from '../gateway/options.ts'
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
  /** Where the sandbox's page is; undefined where it is not used. */
  readonly sandboxUrl: string | undefined
}

/** A gateway in this process for one command. It delivers when it is told to finish. */
export interface OpenGateway extends OwnGateway {
  /** True where cards go to the sandbox. */
  readonly usesSandbox: boolean
  /** Sends what is due and may be sent, for at most TEAMS_SHUTDOWN_TIMEOUT. Serves the sandbox for as long as it runs. */
  finish(): Promise<void>
}

/**
 * How the command line makes a gateway in its own process. `src/app/main.ts` hands it in, because the wiring lies above
 * the command line.
 */
export interface OwnGateways {
  /** @throws GatewayError for what does not work, and `port_in_use` */
  serve(options: GatewayOptions): Promise<ServedGateway>
  /** @throws GatewayError for settings, configuration, templates, secrets or a database that do not work */
  open(options: GatewayOptions): Promise<OpenGateway>
}
