import { type Command, Option } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import type { ContinueOptions } from './commands/audit-continue.ts'
import type { ExportCommandOptions } from './commands/audit-export.ts'
import type { KeygenOptions } from './commands/audit-keygen.ts'
import type { CheckpointOptions, ProveOptions } from './commands/audit-read.ts'
import type { VerifyCommandOptions } from './commands/audit-verify.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { TargetFlags } from './target.ts'

/**
 * Defines the commands of the audit trail.
 *
 * @param addTarget adds `--url` and `--token`
 */
export function addAudit(
  program: Command,
  output: Output,
  gateways: OwnGateways,
  finish: (code: ExitCode) => void,
  addTarget: (command: Command) => Command,
): void {
  const audit = program.command('audit').description('Verify the audit trail, sign it, and prove what it has recorded.')
  const loadRead = () => import('./commands/audit-read.ts')
  audit
    .command('keygen')
    .description('Make a key that signs the checkpoints of the audit trail.')
    .requiredOption('--origin <name>', 'name of the audit tree, which "claimlinc-teams doctor" prints')
    .option('--out <file>', 'write the private key to this new file, and print only the public one')
    .action(async (options: KeygenOptions) =>
      finish((await import('./commands/audit-keygen.ts')).keygenCommand(options, output)),
    )
  audit
    .command('verify')
    .description('Verify the audit trail of the database, or an archive of it, and name what was changed.')
    .argument('[archive]', 'a file of "audit export", in place of the database')
    .option('--archive <file>', 'the same as the argument')
    .option('--key <key>', 'verifier key of the trail, from outside the database; repeatable', appended)
    .option('--policy <file>', 'file with verifier keys, a line "log <key>" each; repeatable', appended)
    .option(
      '--anchor <path>',
      'checkpoint from outside the database, a file or a folder of *.checkpoint; repeatable',
      appended,
    )
    .option('--since <point>', 'from the last checkpoint before this time, or number of entries, on')
    .addHelpText(
      'after',
      `
Only reads: a database role with SELECT is enough. The database is that of DATABASE_URL, or the embedded one. If a
gateway has that open, its entries are verified as it lists them. An archive is verified without a database, and with --key
and --policy alone.
Exit code ${EXIT.ok}: intact. ${EXIT.no}: not intact. ${EXIT.usage}: wrong usage. ${EXIT.unreachable}: nothing was verified, such as where the
database can not be reached.`,
    )
    .action(async (archive: string | undefined, options: VerifyCommandOptions) =>
      finish(await (await import('./commands/audit-verify.ts')).verifyCommand(archive, options, output)),
    )
  audit
    .command('export')
    .description('Write entries of the audit trail and their proofs into an archive, which "audit verify" checks.')
    .requiredOption('--out <file>', 'the archive, a new file whose name should end in .tar.gz')
    .option('--since <time>', 'entries that were sealed after this time')
    .option('--until <time>', 'entries that were sealed up to this time')
    .option(
      '--correlation-id <id>',
      'in place of a period: entries about the events with this id and their notifications',
    )
    .option(
      '--with-values',
      'with --correlation-id: also the stored values whose hashes the entries have, cards included',
    )
    .option('--unsigned', 'also where no checkpoint is signed')
    .addOption(new Option('--url <url>').hideHelp())
    .addHelpText(
      'after',
      `
Reads the database of DATABASE_URL, or the embedded one, which no gateway may have open. Adds an entry to the audit trail, so the
database user needs the rights of a gateway. Needs the space of the unpacked archive in the folder of --out.`,
    )
    .action(async (options: ExportCommandOptions) =>
      finish(await (await import('./commands/audit-export.ts')).exportCommand(options, output)),
    )
  addTarget(audit.command('checkpoint').description('Print the newest signed checkpoint of the audit trail.'))
    .option('--origin <name>', 'of this tree; default: the newest')
    .action(async (options: CheckpointOptions & TargetFlags) =>
      finish(await (await loadRead()).checkpointCommand(options, output, gateways)),
    )
  addTarget(
    audit
      .command('prove')
      .description('Print the proof that an entry is in the newest signed checkpoint. It can be checked offline.')
      .argument('[index]', 'number of the entry in its tree'),
  )
    .option('--id <id>', 'in place of the index: id of the entry in the database')
    .option('--origin <name>', 'tree of the index; default: the newest')
    .option('--out <file>', 'write the proof to this new file, whose name should end in .tlog-proof')
    .option('--entry-out <file>', "write the entry's exact bytes to this new file, which the check needs too")
    .action(async (index: string | undefined, options: ProveOptions & TargetFlags) =>
      finish(await (await loadRead()).proveCommand(index, options, output, gateways)),
    )
  audit
    .command('continue')
    .description('Begin a new audit tree after a restore or a fail-over lost entries.')
    .requiredOption('--reason <text>', 'what happened')
    .option('--anchor <file>', 'the last checkpoint from outside; default: the newest in TEAMS_AUDIT_ANCHOR_FOLDER')
    .option('--origin <name>', 'name of the new tree; default: the name of the old one with /2, /3 and so on')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
Refused where nothing is lost (exit code ${EXIT.no}). Stop all gateways first: entries that they seal meanwhile would be in the old
tree. The new tree needs a key of its own name; the answer has the command that makes it.`,
    )
    .action(async (options: ContinueOptions) =>
      finish(await (await import('./commands/audit-continue.ts')).continueCommand(options, output)),
    )
}

function appended(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
