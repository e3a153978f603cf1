import { AUDIT_SEMI_SPACE_MB, keepHeapSmall } from '../cli/heap.ts'
import { runCommandLine } from '../cli/run.ts'

const args = process.argv.slice(2)
const [command, subcommand] = args.filter((arg) => !arg.startsWith('-'))
if (command === 'serve') keepHeapSmall()
if (command === 'audit' && (subcommand === 'export' || subcommand === 'verify'))
  keepHeapSmall(process, AUDIT_SEMI_SPACE_MB)
// Dynamic imports: only a command that makes a gateway of its own loads the database; `--help` does not.
const code = await runCommandLine(args, {
  serve: async (options) => (await import('./serve.ts')).serveGateway(options),
  open: async (options) => (await import('./open-gateway.ts')).openGateway(options),
})
process.exit(code)
