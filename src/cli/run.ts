import { CommanderError } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import { createOutput, type Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import { createProgram } from './program.ts'
import { reportError } from './report-error.ts'

/** Runs one command line in this process. Resolves with its exit code when all output is written. */
export async function runCommandLine(args: readonly string[], gateways: OwnGateways): Promise<ExitCode> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  // Not parsed by commander: with --json, its own errors have to be JSON too.
  const output = createOutput(process, args.includes('--json'))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      reportError(error, output).then(
        (code) => process.exit(code),
        () => process.exit(EXIT.no),
      )
    })
  const code = await runCommand(args, output, gateways)
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  return code
}

/** Runs one command line, and prints its error if it fails. */
export async function runCommand(args: readonly string[], output: Output, gateways: OwnGateways): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = createProgram(output, gateways, (result) => {
    code = result
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // With exitOverride, --help and --version throw too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return await reportError(error, output)
  }
}

/** Ignores EPIPE: a reader that ends early (`… | head`) is no reason to fail, or for a gateway to stop. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
