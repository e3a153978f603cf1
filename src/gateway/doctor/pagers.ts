import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { PagerDefinition } from '../../catalogue/pagers.ts'
import { PAGER_ALERT_CODES } from '../../contract/pager-alerts.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EXIT } from '../../kernel/exit-codes.ts'
import { createPagers } from '../../pagers/from-settings.ts'
import type { Pager } from '../../pagers/pager.ts'
import type { SecretsReport } from '../../secrets/check.ts'
import { pagerKeySetting, pagerWebhookSetting } from '../../secrets/pager-keys.ts'
import type { Settings } from '../../settings/table.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

/** Checks the keys of pagers and whether their services take them, without opening an alert. */
export async function checkPagers(
  settings: Settings,
  catalogue: Catalogue,
  { pagerKeys }: Pick<SecretsReport, 'pagerKeys'>,
): Promise<readonly Finding[]> {
  if (catalogue.pagers.size === 0) return []
  const pagerKey = (name: string) => pagerKeys.keys.get(name)?.secret
  const ready = createPagers(settings, catalogue, { secrets: { pagerKey }, clock: systemClock })
  try {
    const findings = ready.pagers.map(async ({ definition, pager }) => [
      await checkPager(definition, pager, pagerKeys),
      ...checkWebhook(definition, pagerKeys.webhookSecrets.has(definition.name)),
    ])
    return (await Promise.all(findings)).flat()
  } finally {
    await ready.close()
  }
}

async function checkPager(
  { name, url }: PagerDefinition,
  pager: Pager,
  { keys, refused }: SecretsReport['pagerKeys'],
): Promise<Finding> {
  const check = `pager ${name}`
  const at = keys.get(name)?.at
  if (at === undefined && refused.has(name)) return noted(check, 'its key was refused, see above: nobody is called')
  if (at === undefined)
    return wrong(
      check,
      'has no key: nobody is called',
      `Set ${pagerKeySetting(name)} to the integration key of the service.`,
    )
  const answer = await pager.check()
  if (answer.kind !== 'failed') return fine(check, `${new URL(url).host} answers and takes the key of ${at}`)
  const { means, todo } = PAGER_ALERT_CODES[answer.code]
  const isAway = answer.code === 'not_reached' || answer.code === 'no_answer' || answer.code === 'unavailable'
  const status = answer.statusCode === null ? '' : ` (${answer.statusCode})`
  return wrong(check, `${new URL(url).host}${status}: ${means}`, todo, isAway ? EXIT.unreachable : EXIT.no)
}

/** Without webhooks a pager alert is `accepted` at most, and an acknowledgement at the service is not known here. */
function checkWebhook({ name, kind }: PagerDefinition, hasSecret: boolean): readonly Finding[] {
  if (kind !== 'pagerduty' || hasSecret) return []
  return [
    noted(
      `pager ${name}`,
      'has no secret for its webhook: who acknowledges in PagerDuty is called on from here',
      `Make a v3 webhook subscription and set ${pagerWebhookSetting(name)} to its secret.`,
    ),
  ]
}
