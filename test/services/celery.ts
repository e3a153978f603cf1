import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Program, privateFolder, startProgram } from './program.ts'

/** Debian's Python, which has Debian's Celery; in `npm run interop` one with the newest. */
export const PYTHON = process.env.INTEROP_PYTHON || '/usr/bin/python3'
const MODULES = '/usr/lib/python3/dist-packages'
/** Folder of the tests' applications. */
export const APPLICATIONS = fileURLToPath(new URL('../fixtures/celery', import.meta.url))

/** Path of Celery; undefined where there is none. */
export function findCelery(): string | undefined {
  return foundModule('celery')
}

/** Path of Python's client of Redis, which Celery uses; undefined where there is none. */
export function findPythonRedis(): string | undefined {
  return foundModule('redis')
}

function foundModule(name: string): string | undefined {
  const path = `${MODULES}/${name}/__init__.py`
  return existsSync(path) ? path : undefined
}

/** Where the application of `test/fixtures/celery/claims.py` has its broker and its results. */
export interface CeleryUrls {
  readonly broker: string
  readonly backend?: string
}

function environment({ broker, backend }: CeleryUrls): Readonly<Record<string, string>> {
  return {
    PYTHONPATH: APPLICATIONS,
    PYTHONDONTWRITEBYTECODE: '1',
    BROKER: broker,
    ...(backend === undefined ? {} : { BACKEND: backend }),
  }
}

/** Starts a worker of the queue `claims`, which sends events. Its SIGTERM is a warm shutdown; SIGKILL reaches its main process alone. */
export async function startCeleryWorker(
  urls: CeleryUrls,
  name: string,
  options: { readonly events?: boolean; readonly concurrency?: number } = {},
): Promise<Program> {
  const { events = true, concurrency = 1 } = options
  if (findCelery() === undefined)
    throw new Error('python3-celery is not installed; "npm run test:services" installs it.')
  return startProgram({
    name: 'Celery',
    folder: privateFolder('celery'),
    owner: undefined,
    command: PYTHON,
    args: [
      ...['-m', 'celery', '-A', 'claims', 'worker', '-Q', 'claims', '-n', name, '-c', String(concurrency)],
      ...['--loglevel', 'INFO', ...(events ? ['-E'] : [])],
    ],
    env: { ...environment(urls), C_FORCE_ROOT: '1' },
    ready: / ready\./,
    stopSignal: 'SIGTERM',
    abandonSignal: 'SIGKILL',
  })
}

/** Runs statements of Python in the application, as `claims.fail.delay('P-1')`, and returns what they print. */
export async function runCelery(urls: CeleryUrls, statements: string): Promise<string> {
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', `import claims\nfrom claims import *\n${statements}`], {
    env: { PATH: process.env.PATH, ...environment(urls) },
  })
  return stdout.trim()
}
