import { ARCHIVE_SEMI_SPACE_MB, keepHeapSmall } from '../cli/heap.ts'
import { runCommandLine } from '../cli/run.ts'

const args = process.argv.slice(2)
const [command, subcommand] = args.filter((arg) => !arg.startsWith('-'))
if (command === 'serve') keepHeapSmall()
// An archive by its option or its name: more than memory does not depend on it.
const isArchive = subcommand === 'verify' && args.some((arg) => arg.startsWith('--archive') || arg.endsWith('.tar.gz'))
if (command === 'audit' && (subcommand === 'export' || isArchive)) keepHeapSmall(process, ARCHIVE_SEMI_SPACE_MB)
// Dynamic imports: only a command that makes a gateway of its own loads the database; `--help` does not.
const code = await runCommandLine(args, {
  serve: async (options) => (await import('./serve.ts')).serveGateway(options),
  open: async (options) => (await import('./open-gateway.ts')).openGateway(options),
})
process.exit(code)
