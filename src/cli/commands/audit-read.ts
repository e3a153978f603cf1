import { resolve } from 'node:path'
import { z } from 'zod'
import { type AuditEntryView, auditEntryWire } from '../../contract/audit.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { withTarget } from '../open-target.ts'
import type { Output } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import type { Target, TargetFlags } from '../target.ts'
import { requireNewFile, writeOptionFile } from '../write-file.ts'

/** The options of `audit checkpoint`. */
export interface CheckpointOptions {
  readonly origin?: string
}

/** The options of `audit prove`. */
export interface ProveOptions {
  readonly id?: string
  readonly origin?: string
  readonly out?: string
  readonly entryOut?: string
}

/** `audit checkpoint`: prints the newest signed checkpoint. Seals and signs nothing. */
export async function checkpointCommand(
  options: CheckpointOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return withTarget(options, 'read', output, gateways, async (target) => {
    const checkpoint = await target.audit.checkpoint(options.origin)
    const [origin, size, root] = checkpoint.split('\n')
    output.answer({ origin, size: Number(size), root, checkpoint })
    output.print(checkpoint.trimEnd())
    return EXIT.ok
  })
}

/** `audit prove`: prints the proof that an entry is in the newest signed checkpoint, or writes it and the entry's bytes. */
export async function proveCommand(
  index: string | undefined,
  options: ProveOptions & TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  const query = queryOf(index, options)
  const { out, entryOut } = options
  checkFiles(out, entryOut)
  return withTarget(options, 'read', output, gateways, async (target) => {
    const entry = await findEntry(target, query)
    const proof = await target.audit.proof(entry.index, entry.origin)
    if (entryOut !== undefined) writeOptionFile('--entry-out', entryOut, bytesOf(entry))
    if (out !== undefined) writeOptionFile('--out', out, proof)
    output.answer({ ...z.encode(auditEntryWire, entry), proof })
    if (out === undefined) output.print(proof.trimEnd())
    else output.print(`${out} proves that entry ${entry.index} is in the tree ${entry.origin}.`)
    return EXIT.ok
  })
}

type EntryQuery = { readonly id: number } | { readonly from: number; readonly origin?: string }
type SealedEntry = AuditEntryView & { readonly index: number; readonly origin: string }

/** @throws GatewayError `invalid_request` for neither or both of an index and `--id`, and for another form */
function queryOf(index: string | undefined, { id, origin }: ProveOptions): EntryQuery {
  if ((index === undefined) === (id === undefined))
    throw new GatewayError('invalid_request', [
      {
        at: 'audit prove',
        found: index === undefined ? 'no entry' : 'an index and an id',
        expected: 'the index of an entry in the tree, or --id and its id in the database',
      },
    ])
  if (id !== undefined) return { id: wholeNumber('--id', id) }
  return { from: wholeNumber('index', index ?? ''), ...(origin === undefined ? {} : { origin }) }
}

/** @throws GatewayError `invalid_request` for a file that is there already, and for one file, in which the second text would replace the first */
function checkFiles(out: string | undefined, entryOut: string | undefined): void {
  if (out !== undefined) requireNewFile('--out', out)
  if (entryOut !== undefined) requireNewFile('--entry-out', entryOut)
  if (out === undefined || entryOut === undefined || resolve(out) !== resolve(entryOut)) return
  throw new GatewayError('invalid_request', [
    { at: '--entry-out', found: 'the file of --out', expected: 'another file' },
  ])
}

function wholeNumber(at: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new GatewayError('invalid_request', [{ at, found: 'another text', expected: 'a whole number' }])
}

async function findEntry({ audit }: Target, query: EntryQuery): Promise<SealedEntry> {
  const { entries } = await audit.entries({ ...query, limit: 1 })
  const [entry] = entries
  const { index, origin } = entry ?? {}
  const wanted = 'id' in query ? entry?.id === query.id : index === query.from
  if (entry !== undefined && index != null && origin != null && wanted) return { ...entry, index, origin }
  throw new GatewayError('not_found', [
    {
      at: 'id' in query ? '--id' : 'index',
      found: entry !== undefined && wanted ? 'an entry that is not sealed yet' : 'a number that no sealed entry has',
      expected: 'an entry of the tree; a running gateway seals within 2 s',
    },
  ])
}

function bytesOf({ bytes, index }: SealedEntry): Buffer {
  if (bytes !== null) return Buffer.from(bytes, 'base64')
  throw new GatewayError('not_found', [
    { at: '--entry-out', found: `entry ${index}, whose bytes retention has removed`, expected: 'a newer entry' },
  ])
}
