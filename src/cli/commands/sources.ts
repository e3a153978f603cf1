import { z } from 'zod'
import { catalogueOf } from '../../catalogue/load.ts'
import { type SourceView, sourcesWire } from '../../contract/sources.ts'
import { checkNamedSources } from '../../gateway/doctor/sources.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { loadSettings } from '../../settings/load.ts'
import { inColumns, moment } from '../columns.ts'
import { readEnvironment } from '../environment.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import type { TargetFlags } from '../target.ts'

/** `sources list`: exit code 1 where one is blind. */
export async function listCommand(options: TargetFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> {
  return withTarget(options, 'read', output, gateways, async (target) => {
    const sources = await target.sources()
    output.answer(z.encode(sourcesWire, { sources: [...sources] }))
    if (sources.length === 0) output.print(`${target.place} watches no system.`)
    else for (const line of listed(sources, output)) output.print(line)
    return sources.some(({ blindSince }) => blindSince !== null) ? EXIT.no : EXIT.ok
  })
}

/** `sources check`: exit code 1 where the system refuses something, 3 where it can not be reached. */
export async function checkCommand(names: readonly string[], output: Output): Promise<ExitCode> {
  const env = readEnvironment('error')
  const settings = loadSettings(env)
  const catalogue = catalogueOf(settings)
  output.progress('Trying the sources …')
  const findings = await checkNamedSources(settings, env, catalogue, names)
  output.answer({
    ok: findings.every(({ status }) => status === 'ok'),
    checks: findings.map(({ check, status, detail, todo }) => ({ check, status, detail, todo: todo ?? null })),
  })
  if (findings.length === 0) output.print('The configuration has no source that is watched.')
  for (const { status, check, detail, todo } of findings) {
    const text = onOneLine(detail) + (todo === undefined ? '' : ` → ${onOneLine(todo)}`)
    output.print(`${output.paint(status === 'ok' ? 'green' : 'red', status.padEnd(5))}  ${check}  ${text}`)
  }
  return findings.map(({ exit }) => exit).sort((a, b) => b - a)[0] ?? EXIT.ok
}

function listed(sources: readonly SourceView[], output: Output): string[] {
  const head = ['SOURCE', 'KIND', 'SEES', 'SEEN AT', 'RUN BY', 'OPEN']
  return inColumns([
    head.map((title) => output.paint('dim', title)),
    ...sources.map((source) => [
      source.name,
      source.kind,
      seesOf(source, output),
      source.seenAt === null ? 'never' : moment(source.seenAt),
      onOneLine(source.runBy ?? output.paint('yellow', 'no replica')),
      onOneLine(
        source.open.map(({ finding, subject }) => (subject === '' ? finding : `${finding} ${subject}`)).join(', '),
      ),
    ]),
  ])
}

function seesOf({ unseenSince, blindSince, code }: SourceView, output: Output): string {
  if (unseenSince === null) return 'yes'
  const why = code === null ? '' : ` (${code})`
  return output.paint(blindSince === null ? 'yellow' : 'red', `${blindSince === null ? 'not yet' : 'blind'}${why}`)
}
