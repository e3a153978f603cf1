import { Command, Option } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import { packageVersion } from '../kernel/version.ts'
import { addArchive } from './archive-program.ts'
import { addAudit } from './audit-program.ts'
import type { DoctorOptions } from './commands/doctor.ts'
import type { ServeOptions } from './commands/serve.ts'
import type { StatsOptions } from './commands/stats.ts'
import type { RenderOptions } from './commands/templates.ts'
import { addEscalations } from './escalation-program.ts'
import { addHeartbeats } from './heartbeat-program.ts'
import type { ListFlags } from './list-and-show.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { ActFlags } from './read-action.ts'
import type { EventFlags } from './read-event.ts'
import type { SilenceFlags } from './read-silence.ts'
import { reportUsageError } from './report-error.ts'
import { addSources } from './source-program.ts'
import type { TargetFlags } from './target.ts'

/** The gateway that a command with the option `--url` uses. */
export const WHERE_IT_GOES = `The first of these that applies is used: the gateway at --url; the database in DATABASE_URL, whose events are delivered by
a gateway that runs on it; the gateway that runs on this machine; the embedded database, and this command delivers itself.`

/**
 * Defines every command with its arguments and options, for parsing, `--help` and `docs/reference/cli.md`. The code of a command
 * is in a file under `commands/`, imported when the command runs: `--help` does not load the database.
 *
 * @param gateways makes gateways in this process
 * @param finish gets the exit code of the command
 */
export function createProgram(output: Output, gateways: OwnGateways, finish: Finish): Command {
  const program = new Command('claimlinc-teams')
    .description('Turns platform events into Adaptive Cards in the right Microsoft Teams channels, and loses none.')
    .version(packageVersion())
    .option('--json', 'answer in JSON on stdout; logs stay on stderr')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeErr: (text) => void (output.json || process.stderr.write(text)),
      outputError: (text) => reportUsageError(text, output),
    })
    .addHelpText(
      'after',
      `
Settings come from the environment and from .env; .env.example lists them all.
Exit code ${EXIT.ok}: ok. ${EXIT.no}: the answer is no. ${EXIT.usage}: wrong usage, settings or event. ${EXIT.unreachable}: a dependency is not reachable.`,
    )

  program
    .command('serve')
    .description('Run the gateway: HTTP service, delivery, and the sandbox if no channel has a webhook URL.')
    .option('--demo', 'send two sample events and print the address of their cards')
    .option('--once', 'with --demo: end as soon as every card is accepted')
    .option('--yes', 'with --demo: send even if the cards go to real channels')
    .action(async (options: ServeOptions) =>
      finish(await (await import('./commands/serve.ts')).serve(options, output, gateways)),
    )

  addTargetOptions(
    addEventOptions(
      program
        .command('send')
        .description('Send one event, from these options, or from JSON on stdin if --event-type is not given.')
        .addHelpText(
          'after',
          `
${WHERE_IT_GOES}

  claimlinc-teams send --event-type vault.seal.detected --data '{"node":"vault-node-2.prod"}'
  claimlinc-teams send < event.json`,
        ),
    ),
  ).action(async (options: EventFlags & TargetFlags) =>
    finish(await (await import('./commands/send.ts')).send(options, output, gateways)),
  )

  addMigrate(program, output, finish)
  addNotifications(program, output, gateways, finish)
  addSilences(program, output, gateways, finish)
  addActions(program, output, gateways, finish)
  addEscalations(program, output, gateways, finish, addTargetOptions)
  addSources(program, output, gateways, finish, addTargetOptions)
  addHeartbeats(program, output, gateways, finish, addTargetOptions)
  addTargetOptions(
    program
      .command('stats')
      .description(
        'Show the figures of a period: delivery rate, latency, acknowledgements. Default: the last 24 hours.',
      )
      .addHelpText('after', `\n${WHERE_IT_GOES}\nWith --check, exit code ${EXIT.no} if a target is missed.`),
  )
    .option('--since <time>', 'start of the period, for example 2026-11-21T10:00:00Z')
    .option('--until <time>', 'end of the period')
    .option(
      '--check',
      'compare with the targets: delivery above 99 %, acknowledgement of CRITICAL below 5 minutes, p95 of posts below 2 seconds, fewer than 10 unacknowledged CRITICAL',
    )
    .action(async (options: StatsOptions & TargetFlags) =>
      finish(await (await import('./commands/stats.ts')).statsCommand(options, output, gateways)),
    )
  addTemplates(program, output, finish)
  addArchive(program, output, gateways, finish, addTargetOptions)
  addAudit(program, output, gateways, finish, addTargetOptions)

  program
    .command('doctor')
    .description('Check settings, database, Redis, Vault and every channel. Print for each problem how to correct it.')
    .option('--send-test', 'post a test card to every channel that has a webhook URL')
    .action(async (options: DoctorOptions) =>
      finish(await (await import('./commands/doctor.ts')).doctor(options, output)),
    )
  return program
}

type Finish = (code: ExitCode) => void

function addMigrate(program: Command, output: Output, finish: Finish): void {
  const migrate = program.command('migrate').description('Migrate the database schema up or down, or show its state.')
  const load = () => import('./commands/migrate.ts')
  migrate
    .command('up')
    .description('Apply the migrations that are missing.')
    .action(async () => finish(await (await load()).migrateUp(output)))
  migrate
    .command('down')
    .description('Take the newest migration back.')
    .option('--yes', 'even if events are stored, which may be lost')
    .action(async (options: { yes?: boolean }) => finish(await (await load()).migrateDown(options, output)))
  migrate
    .command('status')
    .description(`List the migrations; exit code ${EXIT.no} if one is missing.`)
    .action(async () => finish(await (await load()).migrateStatus(output)))
}

function addNotifications(program: Command, output: Output, gateways: OwnGateways, finish: Finish): void {
  const notifications = program
    .command('notifications')
    .description('Show notifications, and replay failed ones.')
    .addHelpText('after', `\n${WHERE_IT_GOES}`)
  const load = () => import('./commands/notifications.ts')
  addTargetOptions(notifications.command('list').description('List notifications, the newest first.'))
    .option('--correlation-id <id>', 'with this correlation id')
    .option('--event-type <type>', 'of this event type')
    .option('--priority <priority>', 'CRITICAL, HIGH, MEDIUM, LOW or INFO')
    .option('--state <state>', 'for example pending, accepted or failed')
    .option('--channel <key>', 'for this channel')
    .option('--digest <id>', 'members of this digest, by the id of its notification')
    .option('--since <time>', 'accepted at this time or later, for example 2026-11-21T10:00:00Z')
    .option('--until <time>', 'accepted before this time')
    .option('--limit <number>', 'number of entries, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'next page: the cursor in the previous answer')
    .action(async (options: ListFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  addTargetOptions(
    notifications
      .command('show')
      .description('Show one notification with its attempts and actions.')
      .argument('<id>', 'id of the notification'),
  ).action(async (id: string, options: TargetFlags) =>
    finish(await (await load()).showCommand(id, options, output, gateways)),
  )
  addTargetOptions(
    notifications
      .command('replay')
      .description('Send failed notifications again.')
      .argument('<id...>', 'ids of the notifications'),
  ).action(async (ids: string[], options: TargetFlags) =>
    finish(await (await load()).replayCommand(ids, options, output, gateways)),
  )
}

function addSilences(program: Command, output: Output, gateways: OwnGateways, finish: Finish): void {
  const silences = program
    .command('silences')
    .description('Create, show and end silences and maintenance windows.')
    .addHelpText('after', `\n${WHERE_IT_GOES}`)
  const load = () => import('./commands/silences.ts')
  addTargetOptions(silences.command('list').description('List silences, the newest first.'))
    .option('--state <state>', 'active, waiting or over')
    .option('--kind <kind>', 'silence or maintenance')
    .option('--limit <number>', 'number of entries, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'next page: the cursor in the previous answer')
    .action(async (options: ListFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  addTargetOptions(
    silences
      .command('show')
      .description('Show one silence, and how many notifications it suppressed.')
      .argument('<id>', 'id of the silence'),
  ).action(async (id: string, options: TargetFlags) =>
    finish(await (await load()).showCommand(id, options, output, gateways)),
  )
  addTargetOptions(
    silences
      .command('add')
      .description('Suppress the notifications that all matchers match, from one time to another.')
      .addHelpText(
        'after',
        `
  claimlinc-teams silences add --match 'event_type=celery.*' --match 'data.queue!=claims' --for 2h --reason 'broker moves'
  claimlinc-teams silences add --maintenance --every week --match channel=sre \\
      --from 2026-11-27T22:00:00Z --for 3h --reason 'patch night'`,
      ),
  )
    .option(
      '--match <matcher>',
      'field=value or field!=value; "*" in the value stands for any text; can be repeated',
      (matcher: string, before: readonly string[] | undefined) => [...(before ?? []), matcher],
    )
    .option('--for <duration>', 'duration, for example 30m, 2h or 1d12h')
    .option('--from <time>', 'start, for example 2026-11-21T10:00:00Z; default: now')
    .option('--until <time>', 'end, in place of --for')
    .option('--maintenance', 'create a maintenance window instead of a silence')
    .option('--every <step>', 'day or week: the maintenance window recurs until it is ended')
    .option('--reason <text>', 'reason (required)')
    .action(async (options: SilenceFlags & TargetFlags) =>
      finish(await (await load()).addCommand(options, output, gateways)),
    )
  addTargetOptions(
    silences
      .command('end')
      .description('End silences before their time. Suppressed notifications stay suppressed.')
      .argument('<id...>', 'ids of the silences'),
  ).action(async (ids: string[], options: TargetFlags) =>
    finish(await (await load()).endCommand(ids, options, output, gateways)),
  )
}

function addActions(program: Command, output: Output, gateways: OwnGateways, finish: Finish): void {
  const load = () => import('./commands/actions.ts')
  addTargetOptions(
    program
      .command('act')
      .description('Acknowledge, unacknowledge, escalate, discard, restore, replay, retry or poll an event.')
      .argument('<action>', 'acknowledge, unacknowledge, escalate, discard, restore, replay, retry or poll')
      .addHelpText(
        'after',
        `
${WHERE_IT_GOES}
Exit code ${EXIT.no} if the action is refused or fails.

  claimlinc-teams act acknowledge --correlation-id vault-seal-abc123
  claimlinc-teams act discard --notification 019f… --reason 'a drill' --quiet-for 2h`,
      ),
  )
    .option('--notification <id>', 'the event of this notification')
    .option('--event <id>', 'the event with this id')
    .option(
      '--correlation-id <id>',
      'the events with this correlation id: all of them to acknowledge, one for any other action',
    )
    .option('--reason <text>', 'why (required to discard and to escalate)')
    .option('--note <text>', 'what else is to be known')
    .option('--tier <number>', 'tier to escalate to; default: the next one')
    .option('--quiet-for <duration>', 'how long repeats of a discarded event make no card, for example 2h')
    .option('--idempotency-key <key>', 'the same key again gets the first answer')
    .action(async (action: string, options: ActFlags & TargetFlags) =>
      finish(await (await load()).actCommand(action, options, output, gateways)),
    )
  const actions = program
    .command('actions')
    .description('Show what people did, and what was refused.')
    .addHelpText('after', `\n${WHERE_IT_GOES}`)
  addTargetOptions(actions.command('list').description('List actions, the newest first.'))
    .option('--event-id <id>', 'on this event')
    .option('--correlation-id <id>', 'on events with this correlation id')
    .option('--action <name>', 'for example acknowledge')
    .option('--state <state>', 'requested, running, done, refused, failed or unknown')
    .option('--since <time>', 'asked for at this time or later, for example 2026-11-21T10:00:00Z')
    .option('--until <time>', 'asked for before this time')
    .option('--limit <number>', 'number of entries, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'next page: the cursor in the previous answer')
    .action(async (options: ListFlags) => finish(await (await load()).listCommand(options, output, gateways)))
  addTargetOptions(actions.command('show').description('Show one action.').argument('<id>', 'id of the action')).action(
    async (id: string, options: TargetFlags) => finish(await (await load()).showCommand(id, options, output, gateways)),
  )
}

function addTemplates(program: Command, output: Output, finish: Finish): void {
  const templates = program.command('templates').description('Check card templates, and print the card of an event.')
  const load = () => import('./commands/templates.ts')
  templates
    .command('check')
    .description('Check every template in each language, and list all problems.')
    .action(async () => finish(await (await load()).checkCommand(output)))
  addEventOptions(
    templates
      .command('render')
      .description('Print the card of an event, with the same options as send. Nothing is sent or stored.')
      .option('--channel <key>', 'as shown in this channel; default: the first channel of the event'),
  ).action(async (options: RenderOptions) => finish(await (await load()).renderCommand(options, output)))
}

/** Adds the fields of an event as options, named as in its JSON. */
function addEventOptions(command: Command): Command {
  return command
    .option('--event-type <type>', 'event type, for example vault.seal.detected')
    .option('--data <json>', 'data of the event, a JSON object')
    .option('--correlation-id <id>', 'correlation id; made if absent')
    .option('--priority <priority>', "CRITICAL, HIGH, MEDIUM, LOW or INFO; default: the type's")
    .option('--stakeholders <names...>', "stakeholder groups, by key or name; default: the type's")
    .option('--language <language>', "en or ar; default: the channel's")
    .option('--occurred-at <time>', 'time of the event, for example 2026-11-21T10:00:00Z; default: now')
    .option('--idempotency-key <key>', 'the same key again makes no second card')
}

/** Adds `--url` and `--token`. Both have environment variables: a token on a command line shows in the process list. */
function addTargetOptions(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'address of a gateway to use').env('CLAIMLINC_TEAMS_URL'))
    .addOption(
      new Option('--token <token>', 'token from TEAMS_API_TOKENS for that gateway').env('CLAIMLINC_TEAMS_TOKEN'),
    )
}
