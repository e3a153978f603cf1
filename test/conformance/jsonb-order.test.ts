import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { inJsonbOrder } from '../../src/store/jsonb-order.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

describe.each(KINDS)('inJsonbOrder, on %s', (kind) => {
  it('orders keys as the database returns them', async () => {
    const database = await openMigrated(kind)
    onTestFinished(() => database.close())
    const key = fc.string({ unit: fc.constantFrom('a', 'B', 'z', '1', '_', 'é', 'م', '😀'), maxLength: 4 })
    const { tree } = fc.letrec<{ tree: JsonObject; value: Json }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.constant('text'), fc.array(tie('tree'), { maxLength: 2 }), tie('tree')),
      tree: fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    }))
    const given = fc.sample(tree, { numRuns: 300, seed: 7 })
    const { rows } = await sql<{ stored: readonly JsonObject[] }>`
      SELECT ${JSON.stringify(given)}::jsonb AS stored`.execute(database.kysely)
    const order = (values: readonly JsonObject[] | undefined) => values?.map((value) => JSON.stringify(value))
    expect(order(given.map(inJsonbOrder))).toEqual(order(rows[0]?.stored))
    expect(order(given)).not.toEqual(order(rows[0]?.stored))
  })
})
