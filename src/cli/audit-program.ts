import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import type { KeygenOptions } from './commands/audit-keygen.ts'
import type { VerifyCommandOptions } from './commands/audit-verify.ts'
import type { Output } from './output.ts'

/** Defines the commands of the audit trail. */
export function addAudit(program: Command, output: Output, finish: (code: ExitCode) => void): void {
  const audit = program.command('audit').description('Sign the audit trail, and prove what it has recorded.')
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
    .description('Verify the audit trail of the database, and name what was changed.')
    .option('--key <key>', 'verifier key of the trail, from outside the database; repeatable', appended)
    .option('--policy <file>', 'file with verifier keys, a line "log <key>" each; repeatable', appended)
    .option('--anchor <path>', 'checkpoint from outside the database, a file or a folder of them; repeatable', appended)
    .option('--since <point>', 'from the last checkpoint before this time, or number of entries, on')
    .addHelpText(
      'after',
      `
Only reads: a database role with SELECT is enough. The database is that of DATABASE_URL, or the embedded one.
Exit code ${EXIT.ok}: intact. ${EXIT.no}: not intact. ${EXIT.unreachable}: the database can not be reached.`,
    )
    .action(async (options: VerifyCommandOptions) =>
      finish(await (await import('./commands/audit-verify.ts')).verifyCommand(options, output)),
    )
}

function appended(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
