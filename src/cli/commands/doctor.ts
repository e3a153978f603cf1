import { type Finding, wrong, wrongSetting } from '../../gateway/doctor/finding.ts'
import { checkRedis } from '../../gateway/doctor/redis.ts'
import { checkVaultAndChannels } from '../../gateway/doctor/secrets.ts'
import { checkCards, checkCatalogue, checkOtherNames, checkSettings } from '../../gateway/doctor/settings.ts'
import { checkStore } from '../../gateway/doctor/store.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode, exitCodeOf } from '../../kernel/exit-codes.ts'
import { readEnvFile } from '../../settings/load.ts'
import { type Output, onOneLine } from '../output.ts'

/** The options of `doctor`. */
export interface DoctorOptions {
  readonly sendTest?: boolean
}

/** Column width for the names of checks; a longer name shifts its own line only. */
const NAME_WIDTH = 28

/**
 * `doctor`: checks everything that the gateway needs. Prints each finding as soon as it is known, and goes on after a problem.
 * Changes nothing, and posts nothing without `--send-test`.
 *
 * @returns the highest exit code of all findings
 */
export async function doctor({ sendTest }: DoctorOptions, output: Output): Promise<ExitCode> {
  const findings: Finding[] = []
  for await (const finding of runChecks(sendTest === true, output)) {
    findings.push(finding)
    output.print(lineOf(finding, output))
  }
  const failed = findings.filter(({ status }) => status === 'wrong')
  const code = failed.map(({ exit }) => exit).sort((a, b) => b - a)[0] ?? EXIT.ok
  output.answer({
    ok: code === EXIT.ok,
    checks: findings.map(({ check, status, detail, todo }) => ({ check, status, detail, todo: todo ?? null })),
  })
  output.print()
  output.print(
    failed.length === 0
      ? output.paint('green', 'Nothing is wrong.')
      : output.paint('red', `${failed.length} of ${findings.length} findings are wrong.`),
  )
  return code
}

async function* runChecks(sendTest: boolean, output: Output): AsyncGenerator<Finding> {
  const environment = readEnvFile(process.env)
  yield* environment.problems.map((problem) => wrongSetting('settings', problem, EXIT.usage))
  const { env, settings, refused, findings } = checkSettings(environment.env)
  yield* findings
  const { catalogue, findings: catalogueFindings } = checkCatalogue(settings)
  yield* catalogueFindings
  output.progress('Trying out the templates …')
  yield* checkCards(catalogue, settings)
  output.progress('Looking at the database …')
  yield* checkOtherNames(env, settings, catalogue)
  const store = await checkStore(settings, catalogue)
  yield* store.findings
  output.progress('Asking Redis …')
  yield await checkRedis(settings)
  output.progress('Looking for webhook URLs …')
  yield* await checkVaultAndChannels({ settings, refused }, env, catalogue, store)
  if (!sendTest) return
  output.progress('Sending test cards …')
  const { sendTests } = await import('../../gateway/doctor/send-test.ts')
  try {
    for await (const finding of sendTests(settings, env, catalogue)) {
      yield finding
      output.progress('Sending test cards …')
    }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    yield wrong('test cards', 'not sent, because of what is wrong above', 'Mend that first.', exitCodeOf(error.code))
  }
}

function lineOf({ check, status, detail, todo }: Finding, output: Output): string {
  const color = { ok: 'green', note: 'yellow', wrong: 'red' } as const
  const text = onOneLine(detail) + (todo === undefined ? '' : ` → ${onOneLine(todo)}`)
  return `${output.paint(color[status], status.padEnd(5))}  ${check.padEnd(NAME_WIDTH)}  ${text}`
}
