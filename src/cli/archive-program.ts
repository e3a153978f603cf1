import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import type { KeygenOptions } from './commands/archive-keygen.ts'
import type { ListFlags } from './list-and-show.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { TargetFlags } from './target.ts'

/** Defines `archive` with its subcommands. */
export function addArchive(
  program: Command,
  output: Output,
  gateways: OwnGateways,
  finish: (code: ExitCode) => void,
  addTargetOptions: (command: Command) => Command,
): void {
  const archive = program
    .command('archive')
    .description('Show what is kept encrypted of other systems, such as discarded messages, and look after its keys.')
  const load = () => import('./commands/archive.ts')
  archive
    .command('keygen')
    .description('Make a key that wraps the data keys of archived records.')
    .option('--out <file>', 'write the key to this new file, and print only its id')
    .addHelpText(
      'after',
      `
Keep a copy of the key where the database's backups are not: without it nobody can read the archive. To replace a key, put
the new one before it, run "archive rewrap", and take the old one away.`,
    )
    .action(async (options: KeygenOptions) =>
      finish((await import('./commands/archive-keygen.ts')).archiveKeygenCommand(options, output)),
    )
  addTargetOptions(archive.command('list').description('List archived records, the newest first.'))
    .option('--kind <kind>', 'of this kind, for example celery.message')
    .option('--source <name>', 'from this source of the configuration')
    .option('--subject <id>', 'with this id at the other system, such as that of a task')
    .option('--event-id <id>', 'kept for this event')
    .option('--state <state>', 'kept, restoring or restored')
    .option('--limit <number>', 'number of entries, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'next page: the cursor in the previous answer')
    .action(async (options: ListFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  addTargetOptions(
    archive
      .command('show')
      .description('Decrypt an archived record and print it. The audit trail records who did.')
      .argument('<id>', 'id of the record'),
  )
    .addHelpText('after', '\nNeeds the scope admin at a gateway with tokens.')
    .action(async (id: string, options: TargetFlags) =>
      finish(await (await load()).showCommand(id, options, output, gateways)),
    )
  addTargetOptions(
    archive.command('rewrap').description('Wrap the data keys of all archived records with the newest archive key.'),
  )
    .addHelpText(
      'after',
      `
Exit code ${EXIT.no} if the key of a record is not set, or a record was changed. Needs the scope admin at a gateway with tokens.`,
    )
    .action(async (options: TargetFlags) => finish(await (await load()).rewrapCommand(options, output, gateways)))
}
