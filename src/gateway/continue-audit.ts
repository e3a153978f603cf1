import { type Anchor, readAnchor, readNewestAnchor } from '../audit/anchor-folder.ts'
import { keygenCommand } from '../audit/check-keys.ts'
import { InvalidCheckpoint } from '../audit/checkpoint.ts'
import { compareAnchor, readStoredTree } from '../audit/compare-anchor.ts'
import { continueTrail } from '../audit/continue-trail.ts'
import { catalogueOf } from '../catalogue/load.ts'
import { sourceSecretNames } from '../catalogue/source-definitions.ts'
import { isKeyName } from '../contract/note-text.ts'
import { systemClock } from '../kernel/clock.ts'
import { codeOf, GatewayError } from '../kernel/errors.ts'
import { shownPath } from '../kernel/secret.ts'
import { checkSecrets } from '../secrets/check.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { readOrigins } from '../store/audit-tree.ts'
import type { Database } from '../store/database.ts'
import { hasAuditTrail } from '../store/insert-entry.ts'

/** What is lost, and what `audit continue` would do about it. */
export interface Loss {
  /** The file of the last checkpoint from outside. */
  readonly file: string
  /** The tree that lost entries. */
  readonly tree: string
  readonly anchorSize: number
  readonly keptSize: number
  /** The name of the new tree. */
  readonly origin: string
  /** True where the first entries are others than those of the anchor: nobody can say how many are lost. */
  readonly differs: boolean
  /** The command that makes the key of the new tree; undefined where it is set already. */
  readonly keygen: string | undefined
  /** Begins the new tree. */
  continue(reason: string, by: string): Promise<void>
}

/**
 * Finds out what a database lost, by a checkpoint from outside: the file that is given, or the newest in
 * TEAMS_AUDIT_ANCHOR_FOLDER if that has more entries. The signature is not verified: `audit verify` does, with keys from
 * outside.
 *
 * @returns `nothing` where the database has all entries of the checkpoint
 * @throws GatewayError `invalid_request`, `database_not_migrated`
 */
export async function findLoss(
  { kysely }: Pick<Database, 'kysely'>,
  options: {
    readonly settings: Settings
    readonly env: Environment
    /** `--anchor` */
    readonly anchor: string | undefined
    /** `--origin` */
    readonly origin: string | undefined
  },
): Promise<Loss | { readonly nothing: Anchor }> {
  const { settings, env } = options
  if (!(await hasAuditTrail(kysely))) throw new GatewayError('database_not_migrated')
  const catalogue = catalogueOf(settings)
  const { auditSigners: signers } = await checkSecrets({
    settings,
    env,
    channels: [...catalogue.channels.values()],
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    clock: systemClock,
  })
  const kept = await readStoredTree(kysely)
  const tree = kept.origin?.name
  const folder = settings.TEAMS_AUDIT_ANCHOR_FOLDER
  const anchor = await lastAnchor(options.anchor, folder, tree ?? signers[0]?.name)
  if (tree !== undefined && anchor.checkpoint.origin !== tree)
    throw new GatewayError('invalid_request', [
      {
        at: anchor.file,
        found: `a checkpoint of ${anchor.checkpoint.origin}, and a database with the tree ${tree}`,
        expected: `a checkpoint of ${tree}`,
      },
    ])
  const result = await compareAnchor(kysely, kept, anchor)
  if (result === 'consistent') return { nothing: anchor }
  const names = (await readOrigins(kysely)).map(({ name }) => name)
  const origin = await newName(options.origin, anchor.checkpoint.origin, names, folder)
  return {
    file: anchor.file,
    tree: anchor.checkpoint.origin,
    anchorSize: anchor.checkpoint.size,
    keptSize: kept.size,
    origin,
    differs: result === 'differs',
    keygen: signers.some(({ name }) => name === origin) ? undefined : keygenCommand(origin),
    async continue(reason, by) {
      await continueTrail(kysely, { anchor: anchor.checkpoint, origin, reason, by, signers })
    },
  }
}

/** The anchor with the most entries. @throws GatewayError `invalid_request` where there is none */
async function lastAnchor(
  file: string | undefined,
  folder: string | undefined,
  tree: string | undefined,
): Promise<Anchor> {
  const given = file === undefined ? undefined : await readGiven(file)
  const found = folder === undefined ? undefined : (await readNewestAnchor(folder, tree)).anchor
  const last = found && (given === undefined || found.checkpoint.size > given.checkpoint.size) ? found : given
  if (last !== undefined) return last
  throw new GatewayError('invalid_request', [
    {
      at: '--anchor',
      found: folder === undefined ? 'nothing' : `nothing, and no checkpoint of ${tree ?? 'any tree'} in ${folder}`,
      expected: 'the file with the last signed checkpoint that is known from outside the database',
    },
  ])
}

async function readGiven(file: string): Promise<Anchor> {
  try {
    return await readAnchor(file)
  } catch (error) {
    const isText = error instanceof InvalidCheckpoint
    const found = isText
      ? `${file}, which is no signed checkpoint`
      : `${shownPath(file)}, which can not be read (${codeOf(error)})`
    const expected = isText ? 'a file of a gateway or of "audit checkpoint", as it was written' : 'the path of a file'
    throw new GatewayError('invalid_request', [{ at: '--anchor', found, expected }])
  }
}

/** The name that was given, or that of the lost tree with `/2`, `/3` …: the first that no tree and no anchor has. */
async function newName(
  given: string | undefined,
  tree: string,
  names: readonly string[],
  folder: string | undefined,
): Promise<string> {
  const isTaken = async (name: string) =>
    names.includes(name) ||
    name === tree ||
    (folder !== undefined && (await readNewestAnchor(folder, name)).anchor !== undefined)
  if (given !== undefined) {
    const found = isKeyName(given) ? 'the name of a tree that there is already' : 'a name that no key can have'
    if (!isKeyName(given) || (await isTaken(given)))
      throw new GatewayError('invalid_request', [
        { at: '--origin', found, expected: 'a new name, without spaces and "+"' },
      ])
    return given
  }
  const [, base = tree, number = '1'] = /^(.+)\/([1-9][0-9]{0,5})$/.exec(tree) ?? []
  for (let next = Number(number) + 1; ; next += 1) if (!(await isTaken(`${base}/${next}`))) return `${base}/${next}`
}
