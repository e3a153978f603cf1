import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { APPLICATIONS, PYTHON } from './celery.ts'
import { type Program, privateFolder, startProgram } from './program.ts'

const CLIENT = fileURLToPath(new URL('../../clients/python', import.meta.url))

/** Variables of the application `test/fixtures/celery/reports.py`: BROKER, and those of the Python client. */
export type ReportsEnvironment = Readonly<Record<string, string>>

function environment(env: ReportsEnvironment): Record<string, string> {
  return { PYTHONPATH: `${CLIENT}:${APPLICATIONS}`, PYTHONDONTWRITEBYTECODE: '1', C_FORCE_ROOT: '1', ...env }
}

/** Starts a worker with two processes that reports its tasks by the Python client, and resolves once it consumes. */
export function startReportingWorker(env: ReportsEnvironment): Promise<Program> {
  return startProgram({
    name: 'Celery',
    folder: privateFolder('celery'),
    owner: undefined,
    command: PYTHON,
    args: [
      '-m',
      'celery',
      '-A',
      'reports',
      'worker',
      '-c',
      '2',
      '--loglevel',
      'INFO',
      '--without-gossip',
      '--without-mingle',
    ],
    env: environment(env),
    ready: / ready\./,
    stopSignal: 'SIGTERM',
    abandonSignal: 'SIGKILL',
  })
}

/** Runs a module of Python beside the application and returns what it prints, whatever its exit code. */
export async function runModule(env: ReportsEnvironment, ...args: readonly string[]): Promise<string> {
  const options = { env: { PATH: process.env.PATH, ...environment(env) } }
  const { stdout } = await promisify(execFile)(PYTHON, ['-m', ...args], options).catch(
    (error: { stdout: string }) => error,
  )
  return stdout.trim()
}
