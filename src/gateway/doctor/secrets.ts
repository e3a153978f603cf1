import type { Catalogue } from '../../catalogue/catalogue.ts'
import { sourceSecretNames } from '../../catalogue/source-definitions.ts'
import { OUTCOMES } from '../../contract/outcomes.ts'
import { systemClock } from '../../kernel/clock.ts'
import { WORKFLOW } from '../../kernel/error-codes.ts'
import { exitCodeOf } from '../../kernel/exit-codes.ts'
import { checkSecrets, type SecretsReport } from '../../secrets/check.ts'
import { webhookFileSetting, webhookSetting } from '../../secrets/environment.ts'
import type { CodedProblem, SecretWarning } from '../../secrets/secret-source.ts'
import type { Environment } from '../../settings/env-file.ts'
import type { Settings } from '../../settings/table.ts'
import type { ChannelRow } from '../../store/channels.ts'
import { whySandboxIsOff } from '../sandbox-off.ts'
import { checkArchiveKeys } from './archive.ts'
import { checkAuditKey } from './audit.ts'
import { checkButtons } from './buttons.ts'
import { type Finding, fine, noted, wrong, wrongSetting } from './finding.ts'
import { checkPagers } from './pagers.ts'
import type { CheckedSettings } from './settings.ts'
import { checkSources } from './sources.ts'
import type { CheckedStore } from './store.ts'
import { checkTenants } from './tenants.ts'

/** Checks webhook URLs, signing secrets and audit keys of all sources that the settings name: environment, files and Vault. */
export async function checkVaultAndChannels(
  { settings, refused }: Pick<CheckedSettings, 'settings' | 'refused'>,
  env: Environment,
  catalogue: Catalogue,
  store: CheckedStore,
): Promise<readonly Finding[]> {
  const channels = [...catalogue.channels.values()]
  const report = await checkSecrets({
    settings,
    env,
    channels,
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    clock: systemClock,
  })
  const hasWebhookUrl = report.channels.some(({ at }) => at !== undefined)
  const sandboxOffReason = await whySandboxIsOff(settings, hasWebhookUrl, async () => store.sentToTeams)
  const reported = new Set<CodedProblem>()
  const ofChannels = channels.flatMap((channel) => {
    const problem = report.problems.find((candidate) => isAbout(channel.key, candidate))
    if (problem) reported.add(problem)
    const warnings = report.warnings.filter((warning) => warning.channel === channel.key)
    const found = checkChannel(channel, problem, report, store, sandboxOffReason)
    return warnings.length > 0 && found.status === 'ok'
      ? warnings.map((warning) => warningFinding(found.check, warning))
      : [found, ...warnings.map((warning) => warningFinding(found.check, warning))]
  })
  const vault = report.problems.filter(({ code, at }) => code === 'secrets_unreachable' && !/^TEAMS_/.test(at))
  for (const problem of vault) reported.add(problem)
  const auditKey = checkAuditKey(report, store.audit)
  const others = report.problems.filter((problem) => !reported.has(problem))
  return [
    ...checkVault(vault, settings),
    ...others.map((problem) => wrongSetting('secrets', problem, exitCodeOf(problem.code))),
    checkSigning(report),
    ...report.warnings
      .filter(({ channel }) => channel === undefined)
      .map((warning) => warningFinding('signature', warning)),
    ...(auditKey === undefined ? [] : [auditKey]),
    ...(store.audit?.findings ?? []),
    ...checkArchiveKeys(report, catalogue.sources, store.archived),
    ...checkButtons(settings, refused),
    ...(await checkTenants(settings)),
    ...ofChannels,
    ...(await checkPagers(settings, catalogue, report)),
    ...(await checkSources([...catalogue.sources.values()], report)),
  ]
}

function warningFinding(check: string, { at, found, todo, refused }: SecretWarning): Finding {
  return refused ? wrong(check, `${at}: found ${found}`, todo) : noted(check, `${at}: found ${found}`, todo)
}

function isAbout(key: string, { at }: CodedProblem): boolean {
  return at === webhookSetting(key) || at === webhookFileSetting(key) || at.endsWith(`: ${key}`)
}

function checkVault(problems: readonly CodedProblem[], { VAULT_ADDR }: Settings): readonly Finding[] {
  if (VAULT_ADDR === undefined) return [fine('vault', 'not used: VAULT_ADDR is not set')]
  if (problems.length === 0) return [fine('vault', 'answers, and its secrets can be read')]
  return problems.map((problem) => wrongSetting('vault', problem, exitCodeOf(problem.code)))
}

function checkSigning({ signingAt }: SecretsReport): Finding {
  return signingAt === undefined
    ? noted(
        'signature',
        'posts are signed with a random secret, new at each start, which no receiver can check',
        'Set TEAMS_HMAC_SECRET_KEY, for example to what "openssl rand -hex 32" prints.',
      )
    : fine('signature', `posts are signed with the secret of ${signingAt}`)
}

function checkChannel(
  { key, name, muted }: { readonly key: string; readonly name: string; readonly muted: boolean },
  problem: CodedProblem | undefined,
  report: SecretsReport,
  store: CheckedStore,
  sandboxOffReason: string | undefined,
): Finding {
  const check = `channel ${key}`
  if (muted) return noted(check, `${name} is muted in the configuration file: nothing is sent there`)
  if (problem) return wrongSetting(check, problem, exitCodeOf(problem.code))
  const at = report.channels.find((channel) => channel.key === key)?.at
  if (at === undefined) return withoutUrl(key, name, sandboxOffReason)
  const row = store.channels?.get(key)
  if (row !== undefined && row.breaker !== 'closed') return resting(check, name, row)
  return fine(check, `${name} has the webhook URL of ${at}`)
}

function withoutUrl(key: string, name: string, sandboxOffReason: string | undefined): Finding {
  const check = `channel ${key}`
  const todo = `Set ${webhookSetting(key)} to the URL that Teams shows under ${WORKFLOW}.`
  if (sandboxOffReason === undefined)
    return noted(check, `${name} has no webhook URL: its cards go to the sandbox`, todo)
  const detail = `its cards wait until it has one (the sandbox is off: ${sandboxOffReason})`
  return wrong(check, `${name} has no webhook URL: ${detail}`, todo)
}

function resting(check: string, name: string, { lastOutcome, pausedUntil }: ChannelRow): Finding {
  const row = Object.entries(OUTCOMES).find(([outcome]) => outcome === lastOutcome)?.[1]
  const until = pausedUntil ? ` until ${pausedUntil.toISOString()}` : ''
  return wrong(
    check,
    `${name} rests${until} after ${lastOutcome}: ${row?.meaning ?? 'its posts failed'}`,
    row?.todo ?? 'Look into the log of the gateway.',
  )
}
