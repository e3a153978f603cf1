import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { TargetFlags } from './target.ts'

/** Defines `sources` with its subcommands. */
export function addSources(
  program: Command,
  output: Output,
  gateways: OwnGateways,
  finish: (code: ExitCode) => void,
  addTargetOptions: (command: Command) => Command,
): void {
  const sources = program.command('sources').description('Show and try the outside systems that the gateway watches.')
  const load = () => import('./commands/sources.ts')
  addTargetOptions(
    sources.command('list').description('List the sources: whether each sees its system, and what is open.'),
  )
    .addHelpText('after', `\nExit code ${EXIT.no} if one of them is blind.`)
    .action(async (options: TargetFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  sources
    .command('check')
    .description('Try the sources of the configuration from here, with their credentials. Nothing is changed or sent.')
    .argument('[names...]', 'names of the section "sources"; default: all')
    .addHelpText(
      'after',
      `
Exit code ${EXIT.no} if a system refuses something, ${EXIT.unreachable} if it can not be reached.

  claimlinc-teams sources check claims_db`,
    )
    .action(async (names: readonly string[]) => finish(await (await load()).checkCommand(names, output)))
}
