import { access, constants, readdir } from 'node:fs/promises'
import type { Kysely } from 'kysely'
import { readNewestAnchor } from '../../audit/anchor-folder.ts'
import { anchorError, compareAnchor, readStoredTree } from '../../audit/compare-anchor.ts'
import { ERROR_CODES } from '../../kernel/error-codes.ts'
import { codeOf } from '../../kernel/errors.ts'
import { exitCodeOf } from '../../kernel/exit-codes.ts'
import { readOrigin } from '../../store/audit-tree.ts'
import type { Tables } from '../../store/tables.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

const CHECK = 'audit anchors'
const REMEDY = 'Let the gateway read and write TEAMS_AUDIT_ANCHOR_FOLDER.'

/** Compares the database with the folder of anchors; no finding where no folder is set. */
export async function checkAnchorFolder(db: Kysely<Tables>, folder: string | undefined): Promise<readonly Finding[]> {
  if (folder === undefined) return []
  try {
    await access(folder, constants.R_OK | constants.W_OK)
    // Refuses a file in place of the folder, which `access` takes.
    await readdir(folder)
  } catch (error) {
    return codeOf(error) === 'ENOENT'
      ? [noted(CHECK, `${folder} is not there yet`, 'A gateway with an audit key makes it at its first checkpoint.')]
      : [wrong(CHECK, `${folder} can not be read and written (${codeOf(error)})`, REMEDY)]
  }
  const origin = await readOrigin(db)
  const { anchor, unreadable } = await readNewestAnchor(folder, origin?.name)
  const others = unreadable.map((file) => noted(CHECK, `${file} is not a signed checkpoint`, 'Move it away.'))
  if (anchor === undefined)
    return [
      noted(CHECK, `no checkpoint of this trail is in ${folder} yet`, 'A gateway with an audit key writes one.'),
      ...others,
    ]
  // After the folder: a gateway may seal and write an anchor meanwhile, which an earlier read of the tree lacks.
  const tree = await readStoredTree(db)
  const result = await compareAnchor(db, tree, anchor)
  if (result !== 'consistent') {
    const { code, problems } = anchorError(result, anchor, tree)
    const found = problems.map((problem) => `${problem.at}: ${problem.found}`).join('; ')
    return [wrong(CHECK, found, ERROR_CODES[code].todo, exitCodeOf(code)), ...others]
  }
  return [fine(CHECK, `the database has all ${anchor.checkpoint.size} entries of ${anchor.file}`), ...others]
}
