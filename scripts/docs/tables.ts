import { ARCHIVE_FINDINGS } from '../../src/audit/archive/findings.ts'
import { FINDINGS } from '../../src/audit/verify/findings.ts'
import { ACTION_RESULTS } from '../../src/contract/actions.ts'
import { LINK_REFUSALS } from '../../src/contract/link-refusals.ts'
import { type Consequence, OUTCOMES } from '../../src/contract/outcomes.ts'
import { PAGER_ALERT_CODES } from '../../src/contract/pager-alerts.ts'
import { PAGER_WEBHOOK_REFUSALS } from '../../src/contract/pager-webhooks.ts'
import { SOURCE_CODES } from '../../src/contract/sources.ts'
import { ERROR_CODES } from '../../src/kernel/error-codes.ts'
import { LOG_FIELDS, type LogEventRow } from '../../src/kernel/log-events/fields.ts'
import { LOG_EVENTS_BY_SUBJECT } from '../../src/kernel/log-events/table.ts'
import { METRICS } from '../../src/metrics/table.ts'
import { STATE_CHANGES } from '../../src/store/state-change-table.ts'
import { code, codes, page, table } from './markdown.ts'

/** `docs/reference/errors.md`. */
export function errorsPage(): string {
  return page(
    'Errors',
    'src/kernel/error-codes.ts',
    'Every error has a code that never changes its meaning. Over HTTP it is the `code` of an `application/problem+json` answer, whose `errors` name every field that is wrong. The library throws a `GatewayError` with the same code and the same list. The command line prints both.',
    table(
      ['code', 'HTTP', 'meaning', 'what to do'],
      Object.entries(ERROR_CODES).map(([name, row]) => [code(name), String(row.status), row.title, row.todo]),
    ),
  )
}

/** `docs/reference/action-results.md`. */
export function actionResultsPage(): string {
  return page(
    'Results of actions',
    'src/contract/actions.ts',
    'Why an [action](../guides/acting.md) was refused or failed, waits, or ended as unknown. The code is the `result` in answers, and `teams_actions.code`. An action that was done has none.',
    table(
      ['result', 'meaning', 'what to do'],
      Object.entries(ACTION_RESULTS).map(([name, row]) => [code(name), row.title, row.todo]),
    ),
  )
}

/** `docs/reference/link-refusals.md`. */
export function linkRefusalsPage(): string {
  return page(
    'Refusals of links',
    'src/contract/link-refusals.ts',
    'Why a page behind a button refused a link, a form or a sign-in. The code stands on the page, in the log line `link_refused` and in the audit entry `link.refused`. Why the gateway refused the action itself, such as a missing role, is a state of the action and stands in `GET /v1/actions`.',
    table(
      ['code', 'HTTP', 'meaning', 'what to do'],
      Object.entries(LINK_REFUSALS).map(([name, row]) => [code(name), String(row.status), row.meaning, row.todo]),
    ),
  )
}

const CONSEQUENCES: { readonly [C in Consequence]: string } = {
  accepted: 'done',
  retry: 'another attempt follows later; uses up one retry',
  pause: 'the channel rests for Retry-After; uses up no retry',
  channel: 'the channel breaker opens and its notifications wait; uses up no retry',
  failed: 'dead letter; can be replayed',
}

/** `docs/reference/outcomes.md`. */
export function outcomesPage(): string {
  const rows = Object.entries(OUTCOMES).map(([name, row]) => [
    code(name),
    code(row.consequence),
    [
      'statuses' in row ? `HTTP ${row.statuses.map(range).join(', ')}` : '',
      'bodyCodes' in row ? `in the answer's body: ${codes(row.bodyCodes)}` : '',
      'errors' in row ? codes(row.errors) : '',
    ]
      .filter((part) => part !== '')
      .join('; ') || '–',
    row.meaning,
    row.todo,
  ])
  return page(
    'Outcomes',
    'src/contract/outcomes.ts',
    'Every attempt to send a notification ends in one of these outcomes. The name is the `reason` of the notification and the label `outcome` of the metrics. If several rows match, the first one counts.',
    `## Consequences\n\n${table(
      ['consequence', 'meaning'],
      Object.entries(CONSEQUENCES).map(([name, meaning]) => [code(name), meaning]),
    )}`,
    `## Outcomes\n\n${table(['outcome', 'consequence', 'cause', 'meaning', 'what to do'], rows)}`,
  )
}

function range(statuses: number | readonly [number, number]): string {
  return typeof statuses === 'number' ? String(statuses) : `${statuses[0]}–${statuses[1]}`
}

/** `docs/reference/metrics.md`. */
export function metricsPage(): string {
  const rows = Object.entries(METRICS).map(([name, row]) => [
    code(name),
    row.type,
    codes(row.labels) || '–',
    'buckets' in row ? `${row.help} Buckets: ${row.buckets.join(', ')}.` : row.help,
  ])
  return page(
    'Metrics',
    'src/metrics/table.ts',
    '`GET /metrics` lists these metrics in the text format of Prometheus. Label values come from closed sets. They never contain a correlation id or event data.',
    table(['metric', 'type', 'labels', 'meaning'], rows),
    'A gateway with an HTTP service also lists the [default metrics of prom-client](https://github.com/siimon/prom-client#default-metrics): `process_…` (CPU, memory, open files) and `nodejs_…` (event loop lag, heap, garbage collection).',
  )
}

/** `docs/reference/pager-alert-codes.md`. */
export function pagerAlertCodesPage(): string {
  return page(
    'Pager alert codes',
    'src/contract/pager-alerts.ts',
    'A pager alert is what PagerDuty or Jira Service Management is told about one event. Its `code` says why it failed, or why it is sent again. It is the label `outcome` of `teams_pager_alerts_total`.',
    table(
      ['code', 'sent again', 'meaning', 'what to do'],
      Object.entries(PAGER_ALERT_CODES).map(([name, row]) => [
        code(name),
        row.retried ? 'yes' : 'no',
        row.means,
        row.todo,
      ]),
    ),
    `## Refused webhooks\n\nWhy a webhook of PagerDuty is refused: the label \`outcome\` of \`teams_pager_webhooks_total\`, the \`refusal\` of the audit entry \`webhook.refused\`.\n\n${table(
      ['refusal', 'HTTP', 'meaning', 'what to do'],
      Object.entries(PAGER_WEBHOOK_REFUSALS).map(([name, row]) => [
        code(name),
        String(row.status),
        row.means,
        row.todo,
      ]),
    )}`,
  )
}

/** `docs/reference/source-codes.md`. */
export function sourceCodesPage(): string {
  return page(
    'Codes of sources',
    'src/contract/sources.ts',
    'A source watches an outside system. Its `code` says why it can not see the system. It is the label `result` of `teams_source_looks_total`, where `ok` stands for a look that succeeded.',
    table(
      ['code', 'meaning', 'what to do'],
      Object.entries(SOURCE_CODES).map(([name, row]) => [code(name), row.means, row.todo]),
    ),
  )
}

/** `docs/reference/state-changes.md`. */
export function stateChangesPage(): string {
  return page(
    'Changes of state',
    'src/store/state-change-table.ts',
    "Every statement with which the gateway changes its record has one of these names. It stands in the statement as a comment, such as `/* notification.digested */`, where the server's log of slow statements, `auto_explain` and `pg_stat_statements` show it. One statement can make several changes: a step of a turn records attempts, claims notifications and saves the channel.",
    'Each change adds an [entry](audit-entries.md) to the audit trail in the same statement or transaction, or the table says why it adds none.',
    table(
      ['change', 'of', 'meaning', 'entry'],
      Object.entries(STATE_CHANGES).map(([name, row]) => [
        code(name),
        row.of,
        row.means,
        'entry' in row ? code(row.entry) : `none: ${row.noEntry}`,
      ]),
    ),
  )
}

/** `docs/reference/audit-findings.md`. */
export function auditFindingsPage(): string {
  return page(
    'Findings of audit verify',
    'src/audit/verify/findings.ts',
    'What `claimlinc-teams audit verify` can find. A code never changes its meaning. Each finding names the tree, the number of the leaf, and the entry or row, as far as it is known; it never has a value from the record.',
    table(
      ['code', 'meaning', 'what to do'],
      Object.entries(FINDINGS).map(([name, row]) => [code(name), row.means, row.todo]),
    ),
    '## Archives',
    'What `claimlinc-teams audit verify --archive` can find in an archive of `audit export`. Get the archive again from the one who made it, and compare the hash of its manifest with the entry `audit.exported` of the audit trail.',
    table(
      ['code', 'meaning'],
      Object.entries(ARCHIVE_FINDINGS).map(([name, means]) => [code(name), means]),
    ),
  )
}

/** `docs/reference/log-events.md`. */
export function logEventsPage(): string {
  const headings = ['event', 'level', 'message', 'fields', 'what to do']
  const cells = ([name, row]: [string, LogEventRow]) => [
    code(name),
    row.level,
    row.message,
    [...row.fields.map(code), ...(row.optional ?? []).map((field) => `${code(field)} (not always)`)].join(', ') || '–',
    'todo' in row ? row.todo : '–',
  ]
  const subjects = Object.entries(LOG_EVENTS_BY_SUBJECT).map(
    ([subject, rows]) => `## ${subject}\n\n${table(headings, Object.entries<LogEventRow>(rows).map(cells))}`,
  )
  const fields = Object.entries(LOG_FIELDS).map(([name, row]) => [code(name), row.type, row.help])
  return page(
    'Log events',
    'src/kernel/log-events/',
    'The gateway logs lines of JSON on stderr, at `TEAMS_LOG_LEVEL`. Each has `level`, `time`, `event`, `msg` and the fields of its event. `event` is one of the names below and never changes its meaning: search for it, and alert on it. `msg` is the same for all lines of an event, and may be reworded. No line has event data, a card, a URL of a webhook or a credential.',
    ...subjects,
    `## Fields\n\nA field means the same on every line. Times are UTC, in ISO 8601. ${code('code')} is one of the [errors](errors.md), ${code('outcome')} one of the [outcomes](outcomes.md).\n\n${table(['field', 'type', 'description'], fields)}`,
  )
}
