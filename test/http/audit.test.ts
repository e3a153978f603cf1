import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { AuditEntryView } from '../../src/contract/audit.ts'
import { API_TOKENS, createTestServer, TOKENS } from './harness.ts'

const CHECKPOINT = 'example.com/trail\n2\nAAAA\n\n— example.com/trail c2ln\n'
const ENTRIES: readonly AuditEntryView[] = [0, 1].map((index) => ({
  origin: 'example.com/trail',
  index,
  id: index + 7,
  leafHash: 'ab'.repeat(32),
  entry: { v: 1, kind: 'record.month_moved', month: `2020-0${index}` },
  bytes: Buffer.from('{}').toString('base64'),
}))

function createAuditServer() {
  const server = createTestServer({ TEAMS_API_TOKENS: API_TOKENS })
  const get = (path: string, token = TOKENS.reader) =>
    server.app.inject({ method: 'GET', url: path, headers: { authorization: `Bearer ${token}` } })
  return { ...server, get }
}

describe('/v1/audit/entries', () => {
  it('lists entries with their bytes for the scope read, and leaves the JSON out with raw=true', async () => {
    const { get, service } = createAuditServer()
    service.auditEntries.push(...ENTRIES)
    const { statusCode, body } = await get('/v1/audit/entries?limit=1')
    expect(statusCode).toBe(200)
    expect(JSON.parse(body)).toEqual({
      entries: [
        {
          origin: 'example.com/trail',
          index: 0,
          id: 7,
          leaf_hash: 'ab'.repeat(32),
          entry: ENTRIES[0]?.entry,
          bytes: 'e30=',
        },
      ],
      next_cursor: '1.1',
    })
    const raw = JSON.parse((await get('/v1/audit/entries?raw=true&limit=5000')).body)
    expect(raw.entries.map(({ entry }: { entry: unknown }) => entry)).toEqual([null, null])
    expect((await get('/v1/audit/entries', TOKENS.sender)).statusCode).toBe(403)
  })

  it.each([
    ['limit=501', 'limit', 'a whole number from 1 to 500'],
    ['raw=true&limit=5001', 'limit', 'a whole number from 1 to 5000'],
    ['raw=yes', 'raw', 'true or false'],
    ['from=-1', 'from', expect.stringMatching(/^a whole number from 0/)],
    ['since=yesterday', 'since', expect.stringContaining('2026-11-21')],
    ['event_id=x', 'event_id', 'the id of an event'],
    ['kind=event.forgotten', 'kind', expect.stringContaining('event.accepted')],
    ['channel=sre', 'query', expect.stringContaining('correlation_id')],
  ])('refuses ?%s', async (query, at, expected) => {
    const { statusCode, body } = await createAuditServer().get(`/v1/audit/entries?${query}`)
    expect(statusCode).toBe(400)
    expect(JSON.parse(body).errors).toEqual([{ at, found: expect.any(String), expected }])
  })
})

describe('/v1/audit/checkpoint and /v1/audit/proof', () => {
  it('answer with plain text, and with a problem where nothing is signed', async () => {
    const { get, service } = createAuditServer()
    for (const path of ['/v1/audit/checkpoint', '/v1/audit/proof/0']) {
      const { statusCode, body } = await get(path)
      expect(statusCode).toBe(404)
      expect(JSON.parse(body)).toMatchObject({
        code: 'audit_not_signed',
        todo: expect.stringContaining('TEAMS_AUDIT_KEY'),
      })
    }
    service.auditEntries.push(...ENTRIES)
    service.checkpoint = CHECKPOINT
    const checkpoint = await get('/v1/audit/checkpoint?origin=example.com/trail')
    expect(checkpoint.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(checkpoint.body).toBe(CHECKPOINT)
    const proof = await get('/v1/audit/proof/1')
    expect(proof.body).toBe(`c2sp.org/tlog-proof@v1\nindex 1\n\n${CHECKPOINT}`)
    for (const index of ['2', '-1', '01', '1.0', 'x'])
      expect(JSON.parse((await get(`/v1/audit/proof/${index}`)).body)).toMatchObject({ code: 'not_found' })
    expect((await get('/v1/audit/checkpoint?tree=x')).statusCode).toBe(400)
    expect((await get('/v1/audit/checkpoint', TOKENS.sender)).statusCode).toBe(403)
  })

  it('are read by the client', async () => {
    const { service, start } = createAuditServer()
    const { origin: url } = await start()
    const { audit } = createClient({ url, token: TOKENS.reader })
    await expect(audit.checkpoint()).rejects.toMatchObject({ code: 'audit_not_signed' })
    service.auditEntries.push(...ENTRIES)
    service.checkpoint = CHECKPOINT
    expect(await audit.checkpoint()).toBe(CHECKPOINT)
    expect(await audit.proof(1, 'example.com/trail')).toContain('index 1\n')
    expect(await audit.entries({ from: 1 })).toEqual({ entries: ENTRIES.slice(1), nextCursor: null })
    const raw = await audit.entries({ raw: true, unsealed: false, kind: 'record.month_moved' })
    expect(raw.entries).toHaveLength(2)
  })
})
