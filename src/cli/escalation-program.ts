import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import type { ExplainOptions } from './commands/escalations.ts'
import type { ListFlags } from './list-and-show.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'

/** Defines `escalations` with its subcommands. */
export function addEscalations(
  program: Command,
  output: Output,
  gateways: OwnGateways,
  finish: (code: ExitCode) => void,
  addTargetOptions: (command: Command) => Command,
): void {
  const escalations = program
    .command('escalations')
    .description('Show who is called next while nobody acknowledges an event, and play a policy against a clock.')
  const load = () => import('./commands/escalations.ts')
  addTargetOptions(
    escalations.command('list').description('List escalations that have not ended, the next one due first.'),
  )
    .option('--state <state>', 'climbing, acknowledged or ended')
    .option('--priority <priority>', 'CRITICAL, HIGH, MEDIUM or LOW')
    .option('--event-type <type>', 'of this event type')
    .option('--limit <number>', 'number of entries, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'next page: the cursor in the previous answer')
    .action(async (options: ListFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  escalations
    .command('explain')
    .description('Print when whom would be called for an event that nobody acknowledges. Nothing is sent or stored.')
    .requiredOption('--event-type <type>', 'event type, for example vault.seal.detected')
    .option('--priority <priority>', "CRITICAL, HIGH, MEDIUM, LOW or INFO; default: the type's")
    .option('--stakeholders <names...>', "stakeholder groups, by key or name; default: the type's")
    .option('--at <time>', 'when the event is accepted, for example 2026-11-26T16:30:00+03:00; default: now')
    .addHelpText(
      'after',
      `
Exit code ${EXIT.no} if the event would not climb.

  claimlinc-teams escalations explain --event-type celery.task.failed --at 2026-11-26T16:30:00+03:00`,
    )
    .action(async (options: ExplainOptions) => finish(await (await load()).explainCommand(options, output)))
}
