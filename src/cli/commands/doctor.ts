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

/** Widest name of a check that is padded for; a longer one moves its own line only. */
const NAME_WIDTH = 28

/**
 * `doctor`: looks at everything that the gateway needs, tells of each in a line as soon as it is known, and stops at nothing.
 * Changes nothing, and posts nothing without `--send-test`.
 *
 * @returns the highest exit code that one of the findings leads to
 */
export async function doctor({ sendTest }: DoctorOptions, output: Output): Promise<ExitCode> {
  const findings: Finding[] = []
  for await (const finding of look(sendTest === true, output)) {
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
      : output.paint('red', `${failed.length} of ${findings.length} lines need somebody.`),
  )
  return code
}

async function* look(sendTest: boolean, output: Output): AsyncGenerator<Finding> {
  const given = readEnvFile(process.env)
  yield* given.problems.map((problem) => wrongSetting('settings', problem, EXIT.usage))
  const { env, settings, findings } = checkSettings(given.env)
  yield* findings
  const { catalogue, findings: ofRegistry } = checkCatalogue(settings)
  yield* ofRegistry
  output.progress('Trying out the templates …')
  yield* checkCards(catalogue, settings)
  output.progress('Looking at the database …')
  yield* checkOtherNames(env, settings, catalogue)
  const store = await checkStore(settings)
  yield* store.findings
  output.progress('Asking Redis …')
  yield await checkRedis(settings)
  output.progress('Looking for webhook URLs …')
  yield* await checkVaultAndChannels(settings, env, catalogue, store)
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
  const told = onOneLine(detail) + (todo === undefined ? '' : ` → ${onOneLine(todo)}`)
  return `${output.paint(color[status], status.padEnd(5))}  ${check.padEnd(NAME_WIDTH)}  ${told}`
}
