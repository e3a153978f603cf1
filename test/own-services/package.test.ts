import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { embeddedFolder } from '../services/database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Locked {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

describe('package-lock.json', () => {
  // `npm ci` refuses a lock file that lacks one, also of a platform that is not ours. npm itself leaves such an entry out
  // where the npm registry does not have the package.
  it('has every optional package that a locked package names', () => {
    const lock: { packages: Record<string, Locked> } = JSON.parse(read('package-lock.json'))
    const missing = Object.entries(lock.packages).flatMap(([path, locked]) =>
      Object.keys(locked.optionalDependencies ?? {}).filter(
        (name) => !lock.packages[`${path}/node_modules/${name}`] && !lock.packages[`node_modules/${name}`],
      ),
    )
    expect(missing).toEqual([])
  })
})

describe('the package', () => {
  it('has all that its README links to, and all that its errors point to', async () => {
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    })
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    const packed = files.map(({ path }) => path)
    const linked = [...read('README.md').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, path = '']) => path)
      .filter((path) => !/^https?:/.test(path))
      .map((path) => normalize(path).replace(/\/$/, ''))
    const missing = [
      ...linked,
      '.env.example',
      'examples/config.yaml',
      'examples/templates/strings/ar.json',
      'tools/independent-verifier.mjs',
    ].filter((path) => !packed.some((file) => file === path || file.startsWith(`${path}/`)))
    expect(missing).toEqual([])
    expect(packed.filter((path) => /^(src|test|bench|chaos|fuzz|node_modules)\//.test(path))).toEqual([])
  })

  it('says which Node it needs, from each entry, before any dependency fails on an older one', async () => {
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, { default?: string }> }
    const entries = Object.values(exports).flatMap(({ default: path }) => path ?? [])
    expect(entries.length).toBeGreaterThan(3)
    const older = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });"
    for (const entry of entries) {
      const source = join(root, entry.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))
      // A dependency that is evaluated first would fail in its own words, or work: then the program ends with 0.
      const run = promisify(execFile)(process.execPath, [
        '--import',
        `data:text/javascript,${encodeURIComponent(older)}`,
        '--input-type=module',
        '-e',
        `await import(${JSON.stringify(pathToFileURL(source).href)})`,
      ])
      await expect(run, entry).rejects.toThrow('claimlinc-teams needs Node 24.12 or newer and found Node 20.20.2')
    }
  })

  it('has types that compile with skipLibCheck: false, without those of pg', async () => {
    const folder = embeddedFolder()
    const modules = join(folder, 'node_modules')
    const own = join(modules, 'claimlinc-teams')
    mkdirSync(own, { recursive: true })
    mkdirSync(join(modules, '@types'))
    const link = (name: string) => symlinkSync(join(root, 'node_modules', name), join(modules, name))
    for (const name of readdirSync(join(root, 'node_modules')))
      if (!['@types', '.bin', 'claimlinc-teams'].includes(name)) link(name)
    link('@types/node')
    const tsc = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
        cwd: folder,
      }).catch((error: { stdout: string }) => error)
    copyFileSync(join(root, 'package.json'), join(own, 'package.json'))
    const built = await tsc('-p', join(root, 'tsconfig.build.json'), '--outDir', join(own, 'dist'))
    expect(built.stdout).toBe('')

    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const kits = Object.keys(exports).flatMap((path) => path.match(/^\.\/testing\/(.*)/)?.[1] ?? [])
    expect(kits).toEqual(['teams', 'entra', 'vault', 'pagerduty', 'jsm'])
    writeFileSync(
      join(folder, 'program.ts'),
      [
        "import { createClient, createGateway, type GatewayOptions } from 'claimlinc-teams'",
        ...kits.map((kit) => `export * as ${kit} from 'claimlinc-teams/testing/${kit}'`),
        "export const client = createClient({ url: 'http://127.0.0.1:8080' })",
        'export const open = (options: GatewayOptions) => createGateway(options)',
      ].join('\n'),
    )
    const compilerOptions = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: false }, include: ['program.ts'] }),
    )
    expect((await tsc('-p', folder)).stdout).toBe('')
  })
})
