import type { Command } from 'commander'
import { createOutput } from '../../src/cli/output.ts'
import { createProgram, WHERE_IT_GOES } from '../../src/cli/program.ts'
import { ERROR_CODES, type ErrorCode } from '../../src/kernel/error-codes.ts'
import { EXIT, exitCodeOf } from '../../src/kernel/exit-codes.ts'
import { code, codes, page, table } from './markdown.ts'

const MEANINGS: { readonly [E in keyof typeof EXIT]: string } = {
  ok: 'Done, or the answer is yes.',
  no: 'The answer is no: a template is wrong, a migration is missing, a card was not accepted, there is no such notification.',
  usage: 'The command line, a setting or an event is wrong.',
  unreachable: 'A dependency can not be reached: the database, Redis, Vault, a gateway, the port.',
}

/** No command runs here. */
const NO_GATEWAYS = { serve: () => Promise.reject(), open: () => Promise.reject() }

/** `docs/reference/cli.md`. */
export function commandLinePage(): string {
  const program = createProgram(createOutput(process, false), NO_GATEWAYS, () => {})
  const errors = Object.keys(ERROR_CODES) as ErrorCode[]
  return page(
    'Command line',
    'src/cli/program.ts and src/kernel/exit-codes.ts',
    '`claimlinc-teams` runs the gateway, sends events to it and shows its records. In a checkout `npm start` is `claimlinc-teams serve --demo`; arguments after `--` are passed on, as in `npm start -- --once`. Answers go to stdout; logs, notes and progress to stderr. Settings come from the environment and from `.env`, see [settings](settings.md).',
    `## Every command\n\n${options(program)}\n\nWith \`--json\` stdout gets one JSON document: the answer, or a problem in the form of the HTTP API (see [errors](errors.md)).`,
    ...leaves(program, []).map(({ command, names }) => section(command, names)),
    `## Where it goes\n\n\`send\`, \`notifications\` and \`silences\` need a gateway or a database. ${WHERE_IT_GOES.replaceAll('\n', ' ')}`,
    `## Exit codes\n\n${table(
      ['exit code', 'meaning', 'errors with this exit code'],
      (Object.keys(EXIT) as (keyof typeof EXIT)[]).map((name) => [
        code(String(EXIT[name])),
        MEANINGS[name],
        codes(errors.filter((error) => exitCodeOf(error) === EXIT[name])),
      ]),
    )}`,
  )
}

interface Leaf {
  readonly command: Command
  readonly names: readonly string[]
}

/** Commands with an action of their own, without those that only group subcommands. */
function leaves(command: Command, above: readonly string[]): Leaf[] {
  const names = [...above, command.name()]
  return command.commands.length === 0
    ? [{ command, names }]
    : command.commands.flatMap((inner) => leaves(inner, names))
}

function section(command: Command, names: readonly string[]): string {
  const words = command.registeredArguments.map((one) => `<${one.name()}${one.variadic ? '...' : ''}>`)
  const rows = options(command)
  return [`## ${code([...names.slice(1), ...words].join(' '))}`, command.description(), ...(rows ? [rows] : [])].join(
    '\n\n',
  )
}

function options(command: Command): string {
  const rows = command.options.map(({ flags, description, envVar }) => [
    code(flags),
    envVar === undefined ? description : `${description}; or ${code(envVar)} in the environment`,
  ])
  return rows.length === 0 ? '' : table(['option', 'meaning'], rows)
}
