import { readFileSync } from 'node:fs'
import { builtInCatalogue } from '../../src/catalogue/built-in.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import { packageVersion } from '../../src/kernel/version.ts'
import { auditEntriesPage } from './audit-entries.ts'
import { commandLinePage } from './cli.ts'
import { eventsPage } from './events.ts'
import { libraryPage } from './library.ts'
import { architecturePicture } from './picture.ts'
import { importRules, readRooms } from './rooms.ts'
import { envExample, settingsPage } from './settings.ts'
import {
  actionResultsPage,
  auditFindingsPage,
  errorsPage,
  linkRefusalsPage,
  logEventsPage,
  metricsPage,
  outcomesPage,
  pagerAlertCodesPage,
  sourceCodesPage,
  stateChangesPage,
} from './tables.ts'

/** Every page that is written from the tables in `src/`, by path. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['.env.example', envExample()],
    ['docs/reference/settings.md', settingsPage()],
    ['docs/reference/cli.md', commandLinePage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/events.md', eventsPage()],
    ['docs/reference/outcomes.md', outcomesPage()],
    ['docs/reference/action-results.md', actionResultsPage()],
    ['docs/reference/library.md', libraryPage()],
    ['docs/reference/metrics.md', metricsPage()],
    ['docs/reference/pager-alert-codes.md', pagerAlertCodesPage()],
    ['docs/reference/source-codes.md', sourceCodesPage()],
    ['docs/reference/state-changes.md', stateChangesPage()],
    ['docs/reference/audit-findings.md', auditFindingsPage()],
    ['docs/reference/audit-entries.md', auditEntriesPage()],
    ['docs/reference/log-events.md', logEventsPage()],
    ['docs/reference/link-refusals.md', linkRefusalsPage()],
    ['docs/reference/openapi.json', openApi()],
    ['docs/images/architecture.svg', architecturePicture(readRooms())],
  ])
}

/** The document of `GET /openapi.json` without own event types. */
function openApi(): string {
  const { eventTypes, aliases } = builtInCatalogue({ language: 'en', budget: { requests: 1, period: 1, burst: 1 } })
  const document = openApiDocument({ version: packageVersion(), eventTypes: [...eventTypes.values()], aliases })
  return `${JSON.stringify(document, null, 2)}\n`
}

/** `biome.json` with the import rules of `docs/architecture.md`, not yet formatted. */
export function biomeWithImportRules(): Record<string, unknown> {
  const biome: Record<string, unknown> = JSON.parse(readFileSync(new URL('../../biome.json', import.meta.url), 'utf8'))
  return { ...biome, overrides: importRules(readRooms()) }
}
