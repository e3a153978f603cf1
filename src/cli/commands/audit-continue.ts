import { createInterface } from 'node:readline/promises'
import { findLoss, type Loss } from '../../gateway/continue-audit.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { loadSettings } from '../../settings/load.ts'
import { databaseError } from '../../store/database-error.ts'
import { openDatabase } from '../../store/open-database.ts'
import { readEnvironment } from '../environment.ts'
import type { Output } from '../output.ts'
import { userName } from '../user-name.ts'

/** The options of `audit continue`. */
export interface ContinueOptions {
  readonly anchor?: string
  readonly origin?: string
  readonly reason: string
  readonly yes?: boolean
}

/** `audit continue`: begins a new tree after entries were lost; exit code `no` where nothing is lost or the answer is no. */
export async function continueCommand(options: ContinueOptions, output: Output): Promise<ExitCode> {
  if (options.reason.trim() === '')
    throw new GatewayError('invalid_request', [{ at: '--reason', found: 'an empty text', expected: 'what happened' }])
  const env = readEnvironment('error')
  const settings = loadSettings(env)
  output.progress('Opening the database …')
  const database = await openDatabase(settings)
  try {
    const { anchor, origin } = options
    const loss = await findLoss(database, { settings, env, anchor, origin })
    if ('nothing' in loss) {
      const { file, checkpoint } = loss.nothing
      output.answer({ continued: false, anchor: file, anchor_size: checkpoint.size })
      output.print(`Nothing is lost: the database has all ${checkpoint.size} entries of ${file}.`)
      return EXIT.no
    }
    for (const line of described(loss)) output.print(line)
    if (!options.yes && !(await isConfirmed(output))) {
      output.note('Nothing was done.')
      return EXIT.no
    }
    await loss.continue(options.reason, `cli:${userName()}`)
    output.answer({
      continued: true,
      anchor: loss.file,
      old_origin: loss.tree,
      anchor_size: loss.anchorSize,
      kept_size: loss.keptSize,
      origin: loss.origin,
      keygen: loss.keygen ?? null,
    })
    output.print(`\nThe audit trail goes on in ${loss.origin}.`)
    output.print(
      loss.keygen === undefined
        ? 'Its first checkpoint is signed. Start the gateway.'
        : `It needs a key of its own, without which a gateway with the old key does not start:\n\n  ${loss.keygen}\n\nSet TEAMS_AUDIT_KEY_FILE to it, and give the verifier key to those who audit. They go on needing the old one too.`,
    )
    return EXIT.ok
  } catch (error) {
    throw databaseError(error)
  } finally {
    await database.close()
  }
}

function* described({ file, tree, anchorSize, keptSize, origin, differs }: Loss): Iterable<string> {
  yield `${file}: a checkpoint of ${anchorSize} entries of ${tree}. The database has ${keptSize}.`
  yield differs
    ? 'The entries of the database are others than those of the checkpoint.'
    : `${anchorSize - keptSize} entries are gone.`
  yield `A new tree, ${origin}, begins with an entry that says so. This can not be taken back.`
}

async function isConfirmed(output: Output): Promise<boolean> {
  if (output.json || !process.stdin.isTTY || !process.stdout.isTTY)
    throw new GatewayError('invalid_request', [
      { at: 'audit continue', found: 'no terminal to ask on', expected: '--yes, if that is meant' },
    ])
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await terminal.question('Go on? [y/N] ')).trim())
  } finally {
    terminal.close()
  }
}
