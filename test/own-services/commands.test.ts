import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { createProgram } from '../../src/cli/program.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import { type Ended, type RunOptions, runCli, startCli } from '../cli/cli.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

// Other tests run commands in the tests' own process (`runCli`). Here each command also runs in a process of its own, as people
// run it, and both have to end with the same exit code and have to write the same.

const EVENT = JSON.stringify({
  event_type: 'vault.seal.detected',
  data: { node: 'vault-1' },
  stakeholders: ['SRE'],
  occurred_at: '2026-11-30T08:00:00Z',
})

const SIGNERS = [readSigner(generateKey('example.org/trail').privateKey)]

/** The id in the output of an earlier command. */
type IdOf = (command: string) => string

/** An example of each command, in the order in which they run on one database. */
const EXAMPLES: Readonly<
  Record<string, { readonly args: (idOf: IdOf) => readonly string[]; readonly stdin?: string }>
> = {
  'migrate up': { args: () => [] },
  'migrate status': { args: () => ['--json'] },
  send: { args: () => ['--correlation-id', 'c-1'], stdin: EVENT },
  'migrate down': { args: () => [] },
  'notifications list': { args: () => ['--channel', 'sre'] },
  'notifications show': { args: (idOf) => [idOf('send')] },
  'notifications replay': { args: (idOf) => [idOf('send')] },
  'silences add': { args: () => ['--match', 'channel=sre', '--for', '2h', '--reason', 'patch night'] },
  'silences list': { args: () => ['--json'] },
  'silences show': { args: (idOf) => [idOf('silences add')] },
  'silences end': { args: (idOf) => [idOf('silences add'), 'nonsense'] },
  act: { args: (idOf) => ['acknowledge', '--notification', idOf('send'), '--json'] },
  'actions list': { args: () => ['--json'] },
  'actions show': { args: (idOf) => [idOf('act')] },
  'escalations list': { args: () => ['--json'] },
  'sources list': { args: () => ['--json'] },
  'heartbeats list': { args: () => ['--json'] },
  'heartbeats ping': { args: () => ['nightly_backup', '--exit-code', '3'] },
  'sources check': { args: () => ['--json'] },
  'escalations explain': { args: () => ['--event-type', 'vault.seal.detected', '--at', '2026-11-26T16:30:00+03:00'] },
  'archive keygen': { args: () => [] },
  'archive list': { args: () => ['--json'] },
  'archive show': { args: (idOf) => [idOf('act')] },
  'archive rewrap': { args: () => [] },
  stats: { args: () => ['--until', '2026-01-02T00:00:00Z', '--since', '2026-01-01T00:00:00Z'] },
  'templates check': { args: () => [] },
  'templates render': { args: () => ['--channel', 'pmo'], stdin: EVENT },
  'audit keygen': { args: () => ['--origin', 'example.org/trail', '--out', 'audit.key'] },
  'audit checkpoint': { args: () => ['--json'] },
  'audit prove': { args: () => ['0'] },
  'audit export': { args: () => ['--until', '2999-01-01T00:00:00Z', '--unsigned', '--out', 'trail.tar.gz'] },
  'audit verify': { args: () => [] },
  'audit continue': { args: () => ['--yes', '--reason', 'none'] },
  doctor: { args: () => [] },
}

/** Runs all examples on a database of their own, and returns what each wrote, without what is another each time. */
async function runAll(run: (args: readonly string[], options: RunOptions) => Promise<Ended>) {
  const { DATABASE_URL } = await startedStore('postgres')
  const cwd = embeddedFolder()
  const ended = new Map<string, Ended>()
  const idOf: IdOf = (command) => /[0-9a-f-]{36}/.exec(ended.get(command)?.stdout ?? '')?.[0] ?? ''
  for (const [command, { args, stdin = '' }] of Object.entries(EXAMPLES)) {
    if (command === 'audit checkpoint') await sealIn(DATABASE_URL)
    ended.set(command, await run([...command.split(' '), ...args(idOf)], { env: { DATABASE_URL }, cwd, stdin }))
  }
  return new Map(
    [...ended].map(([command, { stdout, stderr, ...rest }]) => [command, { ...rest, ...plain({ stdout, stderr }) }]),
  )
}

async function sealIn(url: string): Promise<void> {
  const database = await openDatabase(loadSettings({ DATABASE_URL: url }))
  await seal(database.kysely, SIGNERS)
  await database.close()
}

function plain({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>) {
  const same = (text: string) =>
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/\d+(\.\d+)? s\b/g, '<seconds>')
      .replace(/[A-Za-z0-9+/]{43,}=*/g, '<bytes>')
      .replace(/\+[0-9a-f]{8}\+/g, '+<key>+')
  return { stdout: same(stdout), stderr: same(stderr) }
}

it('each command writes the same in a process of its own, and ends with the same exit code', async () => {
  const [own, here] = await Promise.all([runAll((args, options) => startCli(args, options).ended), runAll(runCli)])
  for (const [command, ended] of here) expect({ command, ...ended }).toEqual({ command, ...own.get(command) })
  const refused = [...own].filter(([, { code }]) => code !== 0).map(([command]) => command)
  expect(refused).toEqual([
    'migrate down',
    'notifications replay',
    'silences end',
    'heartbeats ping',
    'escalations explain',
    'archive show',
    'archive rewrap',
    'audit continue',
  ])
  // Some fifty processes, one after the other: a minute on two busy cores.
}, 300_000)

it('each command but serve has an example', () => {
  const output = {
    json: false,
    print() {},
    answer() {},
    note() {},
    progress() {},
    paint: (_: unknown, text: string) => text,
  }
  const gateways = { serve: () => Promise.reject(), open: () => Promise.reject() }
  const leaves = (command: Command, path: readonly string[]): readonly string[] =>
    command.commands.length === 0
      ? [path.join(' ')]
      : command.commands.flatMap((inner) => leaves(inner, [...path, inner.name()]))
  const commands = leaves(
    createProgram(output, gateways, () => undefined),
    [],
  )
  expect(commands.filter((command) => command !== 'serve').sort()).toEqual(Object.keys(EXAMPLES).sort())
})
