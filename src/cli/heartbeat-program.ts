import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import type { PingFlags } from './commands/heartbeats.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { TargetFlags } from './target.ts'

/** Defines `heartbeats` with its subcommands. */
export function addHeartbeats(
  program: Command,
  output: Output,
  gateways: OwnGateways,
  finish: (code: ExitCode) => void,
  addTargetOptions: (command: Command) => Command,
): void {
  const heartbeats = program
    .command('heartbeats')
    .description('Report jobs that have to happen regularly, and show how they stand.')
  const load = () => import('./commands/heartbeats.ts')
  addTargetOptions(heartbeats.command('list').description('List the heartbeats: how each stands, and when it is due.'))
    .addHelpText('after', `\nExit code ${EXIT.no} if one of them is missed, overdue or failed.`)
    .action(async (options: TargetFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  addTargetOptions(
    heartbeats
      .command('ping')
      .description('Report that a job starts, or how it ended. Without an option, that it succeeded.')
      .argument('<name>', 'name of the section "heartbeats" of the configuration'),
  )
    .option('--start', 'the job starts')
    .option('--failure', 'the job failed')
    .option('--exit-code <number>', 'its exit code: 0 is a success, any other a failure')
    .option('--run-id <id>', 'names the run, so that its start and its end belong together')
    .option('--output <file>', 'what the job wrote; - for standard input')
    .addHelpText(
      'after',
      `
  claimlinc-teams heartbeats ping nightly_backup --exit-code $?`,
    )
    .action(async (name: string, options: PingFlags) =>
      finish(await (await load()).pingCommand(name, options, output, gateways)),
    )
}
