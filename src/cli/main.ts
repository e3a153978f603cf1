import { keepHeapSmall } from './heap.ts'
import { runCommandLine } from './run.ts'

const args = process.argv.slice(2)
if (args.find((arg) => !arg.startsWith('-')) === 'serve') keepHeapSmall()
process.exit(await runCommandLine(args))
