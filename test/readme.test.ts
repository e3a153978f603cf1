import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EVENT_TYPES } from '../src/catalogue/event-types.ts'
import { loadCatalogue } from '../src/catalogue/load.ts'
import { sourceSecretNames } from '../src/catalogue/source-definitions.ts'
import { STAKEHOLDER_GROUPS } from '../src/catalogue/stakeholder-groups.ts'
import { createProgram } from '../src/cli/program.ts'
import { STATES } from '../src/contract/notifications.ts'
import { LOG_EVENTS } from '../src/kernel/log-events/table.ts'
import { METRICS } from '../src/metrics/table.ts'
import { usableSettings } from '../src/settings/load.ts'
import { isPlatformName } from '../src/settings/platform.ts'
import { SETTINGS } from '../src/settings/table.ts'
import { serveQuick } from './acceptance/gateways.ts'
import { openMigrated } from './conformance/databases.ts'
import { embeddedFolder } from './services/database.ts'
import { nodeEnvironment } from './services/node-environment.ts'
import { startedStore } from './services/stores.ts'

// Everything that people write by hand and that names something in the code: it has to be there, and to work.

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'docs/state-machine.md',
  'templates/README.md',
  'clients/python/README.md',
]
  .concat(globSync(['docs/guides/*.md', 'docs/decisions/*.md'], { cwd: root }))
  .sort()
const manifest = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** The code blocks of a page, by what their fence says. */
function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  )
}

/** What stands in backticks outside of code blocks. */
function spans(page: string): string[] {
  const prose = read(page).replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '))
}

const matchesIn = (page: string, pattern: RegExp) => [...new Set(read(page).match(pattern) ?? [])]

describe('README.md', () => {
  const readme = read('README.md')

  it('shows the one idea and the two commands on its first screen', () => {
    const screen = readme.split('\n').slice(0, 20).join('\n')
    for (const words of ['in the database before the sender hears', 'npm ci && npm start', 'npm ci && npm test'])
      expect(screen).toContain(words)
  })

  it('gives a reason for every runtime dependency, and for no other', () => {
    const table = readme.split('## What it stands on')[1]?.split('\n## ')[0] ?? ''
    const named = [...table.matchAll(/^\| `([^`]+)` +\| \S.{3,} +\| \S.{9,} +\|$/gm)].map(([, name]) => name)
    expect(named.sort()).toEqual(Object.keys(manifest.dependencies).sort())
  })

  it('has a picture that is not too large to load', () => {
    expect(readFileSync(join(root, 'docs/images/sandbox.png')).byteLength).toBeLessThan(200_000)
  })
})

it.each(['the-output-of-openssl-rand-hex-32', ...secretsShown()])(
  'the placeholder %s is refused as a secret',
  (text) => {
    const name = text.includes('=') ? text.slice(0, text.indexOf('=')) : 'TEAMS_LINK_SECRETS'
    const { problems } = usableSettings({ [name]: text.slice(text.indexOf('=') + 1) })
    expect(problems.map(({ at }) => at)).toContain(name)
  },
)

/** What pages and `.env.example` set secrets to, such as `TEAMS_API_TOKENS=backup:ping:<token>`. */
function secretsShown(): string[] {
  const secrets = Object.entries(SETTINGS).filter(([, row]) => 'secret' in row)
  const assignment = new RegExp(`\\b(${secrets.map(([name]) => name).join('|')})=('[^'\\n]+'|[^\\s\`'"]+)`, 'g')
  return ['.env.example', ...pages].flatMap((page) =>
    [...read(page).matchAll(assignment)].map(([, name, value = '']) => `${name}=${value.replaceAll("'", '')}`),
  )
}

describe.each(pages)('%s', (page) => {
  it('names only what there is', () => {
    expect(strangeNames(page)).toEqual([])
  })

  it('links to what is there', () => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)].filter(
      ([, path = '']) => !/^https?:/.test(path),
    )
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? page : normalize(join(dirname(page), path))
      if (globSync(target.replace(/\/$/, ''), { cwd: root }).length === 0) return true
      return anchor !== undefined && !anchorsOf(target).has(anchor)
    })
    expect(broken.map(([link]) => link)).toEqual([])
  })
})

function anchorsOf(page: string): Set<string> {
  return new Set(
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Names in a page that look like ours and that nothing in the repository has. */
function strangeNames(page: string): string[] {
  return [
    ...matchesIn(page, /\b(?:TEAMS|VAULT)_[A-Z0-9_]+\b/g).filter((name) => !isSetting(name)),
    ...matchesIn(page, /\bteams_[a-z0-9_]+\b/g).filter((name) => !isMetric(name) && !isPartition(name)),
    ...matchesIn(page, /(?<=\b(?:npx claimlinc-teams|src\/cli\/main\.ts) )(?:--\w+ )*[a-z]+(?: [a-z]+)?/g).filter(
      (words) => !isCommand(words),
    ),
    ...matchesIn(page, /(?<=\bnpm run (?:-s )?)[a-z:]+/g).filter((name) => !(name in manifest.scripts)),
    ...spans(page).filter(
      (span) => /^[a-z]+(_[a-z0-9]+)+$/.test(span) && !sourceWords.has(span) && !PLATFORM_WORDS.has(span),
    ),
    ...spans(page).filter((span) => /^[a-z0-9_]+(\.[a-z0-9_]+){2,}$/.test(span) && !isEventType(span)),
    ...spans(page).filter(
      (span) => /^(src|test|docs|scripts|templates|migrations|examples)\/[\w./*-]+$/.test(span) && !isPath(span),
    ),
  ]
}

/** Every word of the code, its SQL, its templates, its example and its client for Python. */
const sourceWords = new Set(
  globSync(
    [
      'src/**/*.ts',
      'migrations/*.sql',
      'templates/**/*.json',
      'examples/**/*.*',
      'clients/python/claimlinc_teams/*.py',
    ],
    { cwd: root },
  ).flatMap((file) => read(file).match(/[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+/g) ?? []),
)
const example = loadCatalogue({
  configFile: join(root, 'examples/config.yaml'),
  language: 'en',
  budget: { requests: 1, period: 1, burst: 1 },
})

/** Names of the Python platform, and of PostgreSQL. */
const PLATFORM_WORDS = new Set([
  'send_teams_notification',
  'brainsait_nphies',
  'pg_trigger',
  'pg_snapshot_xmin',
  'session_replication_role',
])

function isSetting(name: string): boolean {
  if (
    isPlatformName(name) ||
    name in SETTINGS ||
    Object.keys(SETTINGS).some((known) => name.endsWith('_') && known.startsWith(name))
  )
    return true
  if (name === 'TEAMS_WEBHOOK_') return true
  const pager = /^TEAMS_PAGER_(?:KEY|WEBHOOK)_(\w*)$/.exec(name)?.[1]?.toLowerCase()
  if (pager !== undefined) return pager === '' || example.pagers.has(pager)
  const source = /^TEAMS_SOURCE_SECRET_(\w*)$/.exec(name)?.[1]?.toLowerCase()
  if (source !== undefined) return source === '' || sourceSecretNames(example.sources).includes(source)
  const channel = /^TEAMS_WEBHOOK_(\w+?)(_FILE)?$/.exec(name)?.[1]?.toLowerCase()
  return channel !== undefined && example.channels.has(channel)
}

function isMetric(name: string): boolean {
  const plain = name.replace(/_(bucket|sum|count)$/, '')
  return (
    plain in METRICS ||
    name in METRICS ||
    (name.endsWith('_') && Object.keys(METRICS).some((known) => known.startsWith(name)))
  )
}

/** A month of a table, or what has no month yet. */
function isPartition(name: string): boolean {
  return sourceWords.has(name.replace(/_(default|\d{4}_\d{2})$/, ''))
}

function isCommand(words: string): boolean {
  const [name, sub] = words.replace(/--\w+ /g, '').split(' ')
  const command = program.commands.find((one) => one.name() === name)
  if (command === undefined || command.commands.length === 0) return command !== undefined
  return sub === undefined || command.commands.some((one) => one.name() === sub)
}

const FAMILIES = new Set(Object.keys(EVENT_TYPES).map((name) => name.split('.')[0]))

/** What does not start like a built-in type is a host, a name in a template, or a type that an example defines. */
function isEventType(name: string): boolean {
  return !FAMILIES.has(name.split('.')[0]) || example.eventTypes.has(name) || example.aliases.has(name)
}

/** A path that is there; `<name>` is not matched by the caller, and `NNNN` stands for a number. */
function isPath(path: string): boolean {
  return (
    path.startsWith('src/sources') ||
    path.includes('NNNN') ||
    globSync(path.replace(/\/$/, ''), { cwd: root }).length > 0
  )
}

const program = createProgram(
  { json: false, print() {}, answer() {}, note() {}, progress() {}, paint: (_style, text) => text },
  // No command runs here.
  { serve: () => Promise.reject(), open: () => Promise.reject() },
  () => {},
)

/** Names that a page presents as log events: "`x` in the log", "the log has `x`", and rows of a table headed `event`. */
function logEventsOf(page: string): string[] {
  const text = read(page)
  const inSentences = text.matchAll(/`([a-z_]+)`\s+in\s+the\s+log\b|\blog\s+has\s+`([a-z_]+)`/g)
  const tables = text.matchAll(/^\| `event` .*\n\|[-|: ]+\n((?:\|.*\n)+)/gm)
  const inTables = [...tables].flatMap(([, rows = '']) => [...rows.matchAll(/^\| `([a-z_]+)`/gm)])
  return [...inSentences, ...inTables].map(([, first, second]) => first ?? second ?? '')
}

describe('log events that pages name', () => {
  it('are rows of src/kernel/log-events', () => {
    const named = pages.flatMap((page) => logEventsOf(page).map((event) => ({ page, event })))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(({ event }) => !(event in LOG_EVENTS))).toEqual([])
  })
})

describe('CONTRIBUTING.md', () => {
  it('names only titles that its test files have', () => {
    const text = read('CONTRIBUTING.md').replace(/\s+/g, ' ')
    const named = [...text.matchAll(/"([^"]+)" in `((?:src|test)\/[^`]+\.test\.ts)`/g)]
    expect(named.length).toBeGreaterThan(5)
    const missing = named.filter(([, title = '', file = '']) =>
      title.split(' … ').some((part) => !read(file).includes(part)),
    )
    expect(missing.map(([words]) => words)).toEqual([])
  })

  it('has recipes that name only constants, functions and types of src/ and test/', () => {
    const files = globSync(['src/**/*.ts', 'test/**/*.ts'], { cwd: root })
    const words = new Set(files.flatMap((file) => read(file).match(/\w+/g) ?? []))
    const recipes = read('CONTRIBUTING.md').split('\n## Recipes\n')[1] ?? ''
    const named = recipes.match(/(?<=`)(?:[A-Z]+(?:_[A-Z]+)*|[A-Za-z]+[a-z][A-Z]\w*)(?=`)/g) ?? []
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !words.has(name))).toEqual([])
  })
})

describe('docs/state-machine.md', () => {
  it('has a row for every state, and no other', () => {
    const rows = [...read('docs/state-machine.md').matchAll(/^\| `(\w+)` +\|/gm)].map(([, state]) => state)
    expect(rows.sort()).toEqual([...STATES].sort())
  })
})

describe('configuration examples', () => {
  it('are valid, every one of them', () => {
    const examples = blocks('docs/guides/configuration.md', 'yaml')
    expect(examples.length).toBeGreaterThan(5)
    const folder = embeddedFolder()
    mkdirSync(join(folder, 'templates'))
    writeFileSync(
      join(folder, 'templates/lab_result.json'),
      JSON.stringify({ type: 'AdaptiveCard', version: '1.5', fallbackText: 'Lab', body: [] }),
    )
    for (const [index, text] of examples.entries()) {
      const configFile = join(folder, `${index}.yaml`)
      writeFileSync(configFile, text)
      const catalogue = loadCatalogue({ configFile, language: 'en', budget: { requests: 1, period: 1, burst: 1 } })
      expect(catalogue.channels.size).toBeGreaterThanOrEqual(Object.keys(STAKEHOLDER_GROUPS).length)
    }
  })
})

/** A folder whose programs find what the repository's find, and `claimlinc-teams` itself. */
function workshop(): string {
  const folder = embeddedFolder()
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

/** The folder of the embedded database, as the examples of tests make it. */
const EMPTY_FOLDER = "await mkdtemp(join(tmpdir(), 'teams-'))"

describe('TypeScript examples', () => {
  const all = [...pages, 'docs/reference/library.md'].flatMap((page) =>
    blocks(page, 'ts').map((code, index) => ({ page, code, index })),
  )

  it('compile', async () => {
    expect(all.length).toBeGreaterThan(12)
    const folder = workshop()
    for (const { page, code, index } of all) {
      writeFileSync(join(folder, `${page.replace(/\W/g, '-')}-${index}.ts`), code)
    }
    const paths = Object.fromEntries(Object.entries(entries()).map(([name, file]) => [name, [`${root}${file}`]]))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: `${root}tsconfig.json`,
        compilerOptions: {
          paths: { ...paths, 'adaptivecards/src/schema': [`${root}node_modules/adaptivecards/lib/schema.d.ts`] },
        },
        include: ['*.ts'],
      }),
    )
    // Each by itself: what one declares must not help another.
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      // Beside other tests: in several threads it takes nearly twice the CPU time.
      '--singleThreaded',
      '-p',
      folder,
    ]).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  })

  it.each([
    ['README.md', 1, 'embedded'],
    ['README.md', 1, 'postgres'],
    ['README.md', 2, 'postgres'],
    ['docs/guides/testing-with-the-sandbox.md', 0, 'embedded'],
  ] as const)('of %s run to their end (%i, %s)', async (page, index, kind) => {
    const folder = workshop()
    const file = join(folder, 'example.ts')
    const store = await startedStore(kind)
    // An example that makes a database from nothing gets a prepared one: migrating it takes 4 s of CPU.
    const prepared = 'TEAMS_DATA_DIR' in store ? `'${store.TEAMS_DATA_DIR}'` : EMPTY_FOLDER
    writeFileSync(file, (blocks(page, 'ts')[index] ?? '').replace(EMPTY_FOLDER, prepared))
    const { code, output } = await run(process.execPath, ['--import', resolver(), file], folder, {
      ...store,
      TEAMS_LOG_LEVEL: 'error',
    })
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  })
})

describe('the first TypeScript example', () => {
  it('sends through the gateway that runs', async () => {
    const gateway = await serveQuick(await startedStore('embedded'))
    const folder = workshop()
    const file = join(folder, 'example.ts')
    const [code = ''] = blocks('README.md', 'ts')
    expect(code).toContain('http://127.0.0.1:8080')
    writeFileSync(file, code.replace('http://127.0.0.1:8080', gateway.origin))
    expect(await run(process.execPath, ['--import', resolver(), file], folder, {})).toMatchObject({
      code: 0,
      output: expect.stringContaining("channel: 'security_eng'"),
    })
    const cards = await gateway.wired.sandbox?.model.waitFor('cloudops', 1)
    expect(cards).toHaveLength(1)
  })
})

/** What makes `import 'claimlinc-teams'` mean this checkout, as an installed package would. */
function resolver(): string {
  const here = pathToFileURL(root).href
  return `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    const entries = ${JSON.stringify(entries())}
    registerHooks({
      resolve(name, context, next) {
        const file = entries[name]
        return file ? { url: '${here}' + file, shortCircuit: true } : next(name, context)
      },
    })`)}`
}

/** The source file behind each name that the package exports: `claimlinc-teams`, `claimlinc-teams/testing/teams`, … */
function entries(): Record<string, string> {
  const { name, exports } = JSON.parse(read('package.json')) as PackageManifest
  return Object.fromEntries(
    Object.entries(exports).flatMap(([path, entry]) =>
      typeof entry === 'string'
        ? []
        : [[name + path.slice(1), entry.default.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')]],
    ),
  )
}

interface PackageManifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

describe('SQL examples', () => {
  it('run, every statement of them', async () => {
    const statements = pages
      .flatMap((page) => blocks(page, 'sql').join('\n').split(/;$/m))
      .filter((text) => /\w/.test(text))
    expect(statements.length).toBeGreaterThan(5)
    const database = await openMigrated('postgres')
    onTestFinished(() => database.close())
    try {
      for (const text of statements) await sql.raw(text).execute(database.kysely)
    } finally {
      // Roles belong to the server, which other tests use too.
      const roles = statements.flatMap((text) => /CREATE ROLE (\w+)/.exec(text)?.[1] ?? [])
      for (const role of roles)
        for (const text of [`DROP OWNED BY ${role}`, `DROP ROLE ${role}`]) await sql.raw(text).execute(database.kysely)
    }
  })
})

describe('docs/guides/signatures.md', () => {
  it('checks what a post really carries, and signs a request that is taken', async () => {
    const SECRET = randomBytes(32).toString('hex')
    const INBOUND_SECRET = `whsec_${randomBytes(24).toString('base64')}`
    const gateway = await serveQuick(await startedStore('embedded'), {
      TEAMS_HMAC_SECRET_KEY: SECRET,
      TEAMS_INBOUND_SECRETS: INBOUND_SECRET,
    })
    const folder = embeddedFolder()
    const shell = async (word: string) => {
      const text = blocks('docs/guides/signatures.md', 'sh').find((block) => block.includes(word)) ?? 'false'
      const here = text.replaceAll('http://127.0.0.1:8080', gateway.origin)
      const { code, output } = await run('bash', ['-euo', 'pipefail', '-c', here], folder, { SECRET, INBOUND_SECRET })
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
      return output
    }
    const answer = JSON.parse(await shell('webhook-signature: v1')) as { events: { correlation_id: string }[] }
    expect(answer.events).toHaveLength(1)
    const plain = JSON.parse(await shell('X-HMAC-Signature')) as { events: { correlation_id: string }[] }
    expect(plain.events).toHaveLength(1)
    await gateway.wired.sandbox?.model.waitFor('sre', 1)
    const signature = (await shell('message.json')).trim().replace('sha256=', '')
    expect(signature).toMatch(/^[0-9a-f]{64}$/)
    const printed = await shell('openssl dgst')
    expect(printed.match(new RegExp(signature, 'g'))).toHaveLength(2)
  })
})

describe('shell examples', () => {
  it.each([
    ['README.md', 'curl'],
    ['README.md', 'npx'],
    ['docs/guides/testing-with-the-sandbox.md', 'curl'],
    ['docs/guides/operations.md', 'curl'],
    ['docs/guides/operations.md', 'notifications'],
  ])('of %s with %s work on a gateway that is served', async (page, word) => {
    const gateway = await serveQuick(await startedStore('embedded'))
    const port = new URL(gateway.origin).port
    const commands = blocks(page, 'sh').filter((text) => text.includes(word) && !text.includes('npm '))
    expect(commands.length).toBeGreaterThan(0)
    for (const text of commands) {
      const here = text
        .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
        .replaceAll('npx claimlinc-teams', `"${process.execPath}" "${root}bin/claimlinc-teams.js"`)
      const folder = embeddedFolder()
      const { code, output } = await run('bash', ['-euo', 'pipefail', '-c', here], folder, { TEAMS_HTTP_PORT: port })
      expect({ text, code, output: code === 0 ? '' : output }).toEqual({ text, code: 0, output: '' })
    }
  })
})

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...nodeEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}
