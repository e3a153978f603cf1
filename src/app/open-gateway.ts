import type { OpenGateway } from '../cli/own-gateways.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { wire } from './wiring.ts'

/**
 * Makes a gateway without HTTP service, for one command on the command line.
 *
 * @throws GatewayError as {@link wire} does
 */
export async function openGateway(options: GatewayOptions): Promise<OpenGateway> {
  const wired = await wire(options)
  const { settings, catalogue, service, sandbox } = wired
  let closeSandbox = async () => {}
  return {
    settings,
    catalogue,
    service,
    async finish() {
      if (sandbox) {
        const { serveSandbox } = await import('../stand-ins/teams/server.ts')
        const { origin, close } = await serveSandbox(sandbox.model)
        closeSandbox = close
        sandbox.attach(origin)
      }
      // Not wired.deliver(), which listens for wake-ups of other processes: finish() finds due notifications itself.
      await wired.finish()
    },
    usesSandbox: sandbox !== undefined,
    async stop() {
      await wired.stop()
      await closeSandbox()
    },
  }
}
