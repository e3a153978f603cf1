import { setTimeout } from 'node:timers/promises'
import type { Bench } from '../context.ts'
import type { BenchDatabase } from '../database.ts'
import { fillTrail } from '../fill-trail.ts'
import { measureCommand, startGateway } from '../gateway.ts'
import { nowMs } from '../process-facts.ts'
import { baseSettings } from '../settings.ts'

/** What sealing and verifying a large trail took. */
export interface VerifiedTrail {
  readonly entries: number
  readonly sealedPerSecond: number
  /** Entries per second of the tree alone (`--since 0`), and with all rows of the record. */
  readonly verifiedPerSecond: number
  readonly withRowsPerSecond: number
  /** Peak memory of the command, in megabytes. */
  readonly peakMemory: number
}

/**
 * Writes entries with their rows, lets a gateway seal them, and runs `audit verify` on all of it.
 *
 * @throws Error when the trail is not found to be intact
 */
export async function verifyTrail(bench: Bench): Promise<VerifiedTrail> {
  const { sizes, log } = bench
  const database = await bench.server.createDatabase()
  const filled = await fillTrail(database, sizes.trailEntries)
  log(`audit: ${filled.entries} entries written; sealing`)
  const sealedPerSecond = await sealAll(bench, database)
  const verify = async (...args: readonly string[]) => {
    const command = ['audit', 'verify', '--json', ...args]
    const { output, seconds, peakMemory } = await measureCommand(bench.checkout, command, {
      DATABASE_URL: database.url,
    })
    const { origins } = JSON.parse(output) as { readonly origins: readonly { readonly entries: number }[] }
    const entries = origins.reduce((sum, origin) => sum + origin.entries, 0)
    if (entries < filled.entries) throw new Error(`${entries} of ${filled.entries} entries were verified`)
    log(`audit: ${command.join(' ')}: ${(entries / seconds).toFixed(0)} entries/s with ${peakMemory.toFixed(0)} MB`)
    return { entries, perSecond: entries / seconds, peakMemory }
  }
  const tree = await verify('--since', '0')
  const withRows = await verify()
  await database.drop()
  return {
    entries: tree.entries,
    sealedPerSecond,
    verifiedPerSecond: tree.perSecond,
    withRowsPerSecond: withRows.perSecond,
    peakMemory: Math.max(tree.peakMemory, withRows.peakMemory),
  }
}

/** Entries sealed per second, by a gateway that has nothing else to do. */
async function sealAll(bench: Bench, database: BenchDatabase): Promise<number> {
  const gateway = await startGateway({
    checkout: bench.checkout,
    settings: { ...baseSettings(bench.receiver), DATABASE_URL: database.url },
  })
  try {
    const [before, began] = [await sealed(database), nowMs()]
    for (;;) {
      await setTimeout(200)
      const { size, complete } = await sealed(database)
      if (complete && size > 0) return (size - before.size) / ((nowMs() - began) / 1000)
    }
  } finally {
    await gateway.stop()
  }
}

async function sealed(database: BenchDatabase): Promise<{ readonly size: number; readonly complete: boolean }> {
  const [row] = await database.query<{ size: string; complete: boolean }>(
    'SELECT size, complete FROM teams_audit_checkpoints ORDER BY id DESC LIMIT 1',
  )
  return { size: Number(row?.size ?? 0), complete: row?.complete ?? false }
}
