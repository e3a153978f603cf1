import { seal } from '../../../src/audit/seal.ts'
import { createLog } from '../../../src/kernel/log.ts'
import { openPostgres } from '../../../src/store/postgres.ts'
import { addEntries } from '../../audit/trail.ts'

// Adds entries and seals them, until it is killed.
const { kysely } = await openPostgres({ url: process.env.DATABASE_URL ?? '', pool: 2, log: createLog('silent') })
console.log('sealing')
for (;;) {
  await addEntries(kysely, 3)
  await seal(kysely, [])
}
