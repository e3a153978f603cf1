import { Command, Option } from 'commander'
import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import { packageVersion } from '../kernel/version.ts'
import type { DoctorOptions } from './commands/doctor.ts'
import type { ListOptions } from './commands/notifications.ts'
import type { ServeOptions } from './commands/serve.ts'
import type { AddOptions, ListSilencesOptions } from './commands/silences.ts'
import type { RenderOptions } from './commands/templates.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { EventFlags } from './read-event.ts'
import type { TargetFlags } from './target.ts'
import { reportUsageError } from './usage-error.ts'

/** Which gateway a command with `--url` speaks to. */
export const WHERE_IT_GOES = `Without --url it goes to DATABASE_URL, whose events are delivered by whatever gateway runs on it; without that, to the
gateway that runs on this machine; and if none runs, to the embedded database, and this command delivers by itself.`

/**
 * Every command with its arguments and options; help and `docs/reference/cli.md` come from here. What a command does is in a
 * file of its own under `commands/`, which is loaded when the command runs: `--help` need not load a database.
 *
 * @param gateways makes the gateway of commands that need one of their own
 * @param finish gets the exit code of the command that ran
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
    .description('Run the gateway: HTTP service, delivery, and the sandbox where no channel has a webhook URL.')
    .option('--demo', 'send the two events of the first run and show where to look')
    .option('--once', 'with --demo: end as soon as every card is accepted')
    .option('--yes', 'with --demo: send even if the cards go to real channels')
    .action(async (options: ServeOptions) =>
      finish(await (await import('./commands/serve.ts')).serve(options, output, gateways)),
    )

  addTargetOptions(
    addEventOptions(
      program
        .command('send')
        .description('Send one event, from these options, or from JSON on stdin where --event-type is not given.')
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
  addTemplates(program, output, finish)

  program
    .command('doctor')
    .description('Check settings, database, Redis, Vault and every channel, and say what to do about each.')
    .option('--send-test', 'post a test card to every channel that has a webhook URL')
    .action(async (options: DoctorOptions) =>
      finish(await (await import('./commands/doctor.ts')).doctor(options, output)),
    )
  return program
}

type Finish = (code: ExitCode) => void

function addMigrate(program: Command, output: Output, finish: Finish): void {
  const migrate = program
    .command('migrate')
    .description('Bring the database schema up or down, or see where it stands.')
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
    .description('Look at notifications, and replay failed ones.')
    .addHelpText('after', `\n${WHERE_IT_GOES}`)
  const load = () => import('./commands/notifications.ts')
  addTargetOptions(notifications.command('list').description('List notifications, the newest first.'))
    .option('--correlation-id <id>', 'of this correlation id')
    .option('--event-type <type>', 'of this event type')
    .option('--priority <priority>', 'CRITICAL, HIGH, MEDIUM, LOW or INFO')
    .option('--state <state>', 'for example pending, accepted or failed')
    .option('--channel <key>', 'for this channel')
    .option('--digest <id>', 'that stand in this digest, by the id of its notification')
    .option('--since <time>', 'accepted at this time or later, for example 2026-11-21T10:00:00Z')
    .option('--until <time>', 'accepted before this time')
    .option('--limit <number>', 'at most so many, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'the next page, as the page before says')
    .action(async (options: ListOptions & TargetFlags) =>
      finish(await (await load()).listCommand(options, output, gateways)),
    )
  addTargetOptions(
    notifications
      .command('show')
      .description('Show one notification with all that happened to it.')
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
    .description('Make, look at and end silences and maintenance windows.')
    .addHelpText('after', `\n${WHERE_IT_GOES}`)
  const load = () => import('./commands/silences.ts')
  addTargetOptions(silences.command('list').description('List silences, the newest first.'))
    .option('--state <state>', 'active, waiting or over')
    .option('--kind <kind>', 'silence or maintenance')
    .option('--limit <number>', 'at most so many, 1 to 500 (default: 50)')
    .option('--cursor <cursor>', 'the next page, as the page before says')
    .action(async (options: ListSilencesOptions & TargetFlags) =>
      finish(await (await load()).listCommand(options, output, gateways)),
    )
  addTargetOptions(
    silences
      .command('show')
      .description('Show one silence, and how many notifications it kept back.')
      .argument('<id>', 'id of the silence'),
  ).action(async (id: string, options: TargetFlags) =>
    finish(await (await load()).showCommand(id, options, output, gateways)),
  )
  addTargetOptions(
    silences
      .command('add')
      .description('Keep back the notifications that all matchers match, from one time to another.')
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
      'field=value or field!=value; "*" in the value stands for any text; again for each further one',
      (matcher: string, before: readonly string[] | undefined) => [...(before ?? []), matcher],
    )
    .option('--for <duration>', 'how long, for example 30m, 2h or 1d12h')
    .option('--from <time>', 'its start, for example 2026-11-21T10:00:00Z; now if absent')
    .option('--until <time>', 'its end, in place of --for')
    .option('--maintenance', 'a maintenance window and no silence')
    .option('--every <step>', 'day or week: the maintenance window comes again, until it is ended')
    .option('--reason <text>', 'why; needed')
    .action(async (options: AddOptions & TargetFlags) =>
      finish(await (await load()).addCommand(options, output, gateways)),
    )
  addTargetOptions(
    silences
      .command('end')
      .description('End silences before their time. What they kept back stays kept back.')
      .argument('<id...>', 'ids of the silences'),
  ).action(async (ids: string[], options: TargetFlags) =>
    finish(await (await load()).endCommand(ids, options, output, gateways)),
  )
}

function addTemplates(program: Command, output: Output, finish: Finish): void {
  const templates = program.command('templates').description('Check card templates, and see what card an event makes.')
  const load = () => import('./commands/templates.ts')
  templates
    .command('check')
    .description('Read every template, try it out in each language, and list what is wrong.')
    .action(async () => finish(await (await load()).checkCommand(output)))
  addEventOptions(
    templates
      .command('render')
      .description('Print the card of an event, which is given as for send. Nothing is sent or stored.')
      .option('--channel <key>', 'as it would look in this channel; the first that the event goes to if absent'),
  ).action(async (options: RenderOptions) => finish(await (await load()).renderCommand(options, output)))
}

/** The fields of an event as options, named as in its JSON. */
function addEventOptions(command: Command): Command {
  return command
    .option('--event-type <type>', 'event type, for example vault.seal.detected')
    .option('--data <json>', 'its data, a JSON object')
    .option('--correlation-id <id>', 'ties together what concerns one thing; made if absent')
    .option('--priority <priority>', "CRITICAL, HIGH, MEDIUM, LOW or INFO; the type's if absent")
    .option('--stakeholders <names...>', "groups to tell, by key or name; the type's if absent")
    .option('--language <language>', "en or ar; the channel's if absent")
    .option('--occurred-at <time>', 'when it happened, for example 2026-11-21T10:00:00Z; now if absent')
    .option('--idempotency-key <key>', 'the same key again makes no second card')
}

/** Environment variables, because a token on a command line shows in the list of processes. */
function addTargetOptions(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'speak to the gateway at this address').env('CLAIMLINC_TEAMS_URL'))
    .addOption(new Option('--token <token>', 'token of TEAMS_API_TOKENS for it').env('CLAIMLINC_TEAMS_TOKEN'))
}
