import { startSettings } from '../../gateway/start-settings.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { createLog, type Log } from '../../kernel/log.ts'
import { packageVersion } from '../../kernel/version.ts'
import type { Settings } from '../../settings/table.ts'
import type { DemoSignIn } from '../demo-sign-in.ts'
import { readWithProblems } from '../environment.ts'
import type { Output } from '../output.ts'
import { listeningLine, type OwnGateways, type ServedGateway } from '../own-gateways.ts'
import { listenForStop, type StopSignal } from '../stop-signal.ts'

/** The options of `serve`. */
export interface ServeOptions {
  readonly demo?: boolean
  readonly once?: boolean
  readonly yes?: boolean
}

/** `serve`: runs until a stop is requested, or with `--once` until the demo's cards are accepted. */
export async function serve(options: ServeOptions, output: Output, gateways: OwnGateways): Promise<ExitCode> {
  if ((options.once || options.yes) && !options.demo)
    throw new GatewayError('invalid_request', [
      { at: options.once ? '--once' : '--yes', found: 'this option alone', expected: '--demo too' },
    ])
  const stop = listenForStop(output)
  const environment = readWithProblems(options.demo ? 'warn' : undefined)
  const { env } = environment
  const settings = await startSettings(environment)
  const demoOptions = options.demo
    ? await (await import('../../gateway/demo.ts')).checkDemo(env, settings, options.yes === true)
    : {}
  const where = settings.DATABASE_URL === undefined ? 'the embedded database' : 'on PostgreSQL'
  output.progress(`Starting ${where} …`)
  const log = createLog(settings.TEAMS_LOG_LEVEL)
  logWarnings(log)
  const signIn = options.demo && !options.yes ? await signInOf(settings) : undefined
  let code: ExitCode
  try {
    const served = await gateways.serve({
      env,
      ...demoOptions,
      settings: { ...demoOptions.settings, ...signIn?.settings },
      log,
    })
    if (served.pagesOrigin !== undefined) signIn?.attach(served.pagesOrigin)
    try {
      code = await run(served, options, stop, output)
    } finally {
      await served.stop()
    }
  } finally {
    await signIn?.close()
  }
  if (stop.signal.aborted) output.note('Stopped.')
  return code
}

/** The sign-in of the demo, unless the settings have one of their own. */
async function signInOf({ TEAMS_SIGN_IN_CLIENT_ID: own }: Settings): Promise<DemoSignIn | undefined> {
  return own === undefined ? (await import('../demo-sign-in.ts')).startDemoSignIn() : undefined
}

async function run(
  served: ServedGateway,
  { demo, once }: ServeOptions,
  stop: StopSignal,
  output: Output,
): Promise<ExitCode> {
  if (stop.signal.aborted) return EXIT.ok
  if (demo) {
    const { runDemo } = await import('../demo.ts')
    const accepted = await runDemo(served, stop.signal, output)
    if (!stop.signal.aborted)
      output.print(
        once
          ? '\nThe gateway ends here, as --once asks; without it, it stays and these addresses answer.'
          : '\nCtrl-C stops it.',
      )
    if (once) return accepted ? EXIT.ok : EXIT.no
  } else printListening(served, output)
  await stop.requested
  return EXIT.ok
}

function printListening(served: ServedGateway, output: Output): void {
  const { origin, sandboxUrl, settings } = served
  output.answer({ origin, sandbox: sandboxUrl ?? null, version: packageVersion() })
  output.print(listeningLine(served))
  if (sandboxUrl) output.print(`Channels without a webhook URL show their cards at ${sandboxUrl}`)
  if (!settings.TEAMS_API_TOKENS && !settings.TEAMS_INBOUND_SECRETS)
    output.print('No token is set (TEAMS_API_TOKENS): only programs on this machine can reach it.')
}

/**
 * Logs the warnings of Node and of libraries. Node itself prints them as text on stderr, where a log collector expects JSON.
 * Logs a warning's code and name, not its message, which may quote secrets or patient data.
 */
function logWarnings(log: Log): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => log.write('process_warned', { err: warning }))
}
