import { CommanderError } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import { createOutput, type Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import { createProgram } from './program.ts'

/** Runs one command line in this process and resolves with its exit code, once all output is written. */
export async function runCommandLine(args: readonly string[], gateways: OwnGateways): Promise<ExitCode> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  // Looked for here, because a command line that is not understood has to be answered in JSON too.
  const output = createOutput(process, args.includes('--json'))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      report(error, output).then(
        (code) => process.exit(code),
        () => process.exit(EXIT.no),
      )
    })
  const code = await run(args, output, gateways)
  await Promise.all([written(process.stdout), written(process.stderr)])
  return code
}

async function run(args: readonly string[], output: Output, gateways: OwnGateways): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = createProgram(output, gateways, (result) => {
    code = result
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // Help and version come as errors too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return report(error, output)
  }
}

async function report(error: unknown, output: Output): Promise<ExitCode> {
  const { reportError } = await import('./report-error.ts')
  return reportError(error, output)
}

/** Whoever reads our output may have seen enough (`… | head`): no reason to fail, nor for a gateway to stop. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
