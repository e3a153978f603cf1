import type { Command } from 'commander'
import type { ExitCode } from '../kernel/exit-codes.ts'
import type { KeygenOptions } from './commands/audit-keygen.ts'
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
}
