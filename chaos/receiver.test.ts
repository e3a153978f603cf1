import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANSWERS, type AnswerName, CALM } from './faults.ts'
import type { AnswerLine, PostLine, ReceiverLine } from './history.ts'
import { originIn, type Started, start } from './processes.ts'

const SECRET = 'receiver-test-secret'
const BODY = JSON.stringify({ type: 'message', attachments: [{ content: { type: 'AdaptiveCard' } }] })
const folder = mkdtempSync(join(tmpdir(), 'claimlinc-receiver-'))
const log = join(folder, 'receiver.jsonl')
let program: Started
let origin: string

beforeAll(async () => {
  program = start({
    command: process.execPath,
    args: [new URL('receiver.ts', import.meta.url).pathname, log, SECRET],
    cwd: folder,
    env: {},
    errors: join(folder, 'receiver.log'),
    find: originIn,
  })
  origin = await program.ready
})
afterAll(async () => {
  program.send('SIGTERM')
  await program.ended
  rmSync(folder, { recursive: true })
})

const plan = (how: AnswerName) =>
  fetch(`${origin}/plan`, {
    method: 'PUT',
    body: JSON.stringify({ '*': { ...CALM, seed: how, faults: { [how]: 1 }, slow: 30, tooLate: 60 } }),
  })

const lines = () =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ReceiverLine)

/** Posts a card as the gateway would, for at most a second. */
async function post(id: string, body = BODY): Promise<{ status: number | null; text: string | null }> {
  try {
    const answer = await fetch(`${origin}/channels/sre?via=g1-1`, {
      method: 'POST',
      headers: {
        'webhook-id': id,
        'x-correlation-id': 'c%20d',
        'x-claimlinc-attempt': '2',
        'x-claimlinc-repeat': 'true',
        'x-claimlinc-signature': `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`,
      },
      body,
      signal: AbortSignal.timeout(1_000),
    })
    return { status: answer.status, text: await answer.text().catch(() => null) }
  } catch {
    return { status: null, text: null }
  }
}

describe('the receiving end', () => {
  it('writes down what came, before it answers', async () => {
    await plan('ok')
    expect(await post('id-1')).toEqual({ status: 202, text: '' })
    const [came, answered] = lines().filter((line) => line.n === 1) as [PostLine, AnswerLine]
    expect(came).toMatchObject({
      kind: 'post',
      channel: 'sre',
      via: 'g1-1',
      id: 'id-1',
      attempt: 2,
      repeat: true,
      correlation_id: 'c d',
      bytes: BODY.length,
      whole: true,
    })
    expect(answered).toMatchObject({ kind: 'answer', status: 202, how: 'ok', taken: true, delivered: true })
  })

  it('does not take a card whose signature is not right', async () => {
    await post('id-2', BODY.replace('message', 'massage'))
    const came = lines().find((line) => line.kind === 'post' && line.id === 'id-2')
    const answered = lines().find((line) => line.kind === 'answer' && line.n === came?.n)
    expect([came, answered]).toMatchObject([{ whole: false }, { taken: false }])
  })

  it.each(Object.keys(ANSWERS) as AnswerName[])('plays %s, and its log has what the sender saw', async (how) => {
    await plan(how)
    const { status } = await post(`fault-${how}`)
    const came = lines().find((line) => line.kind === 'post' && line.id === `fault-${how}`)
    const answered = lines().find((line) => line.kind === 'answer' && line.n === came?.n) as AnswerLine | undefined
    expect(answered).toMatchObject({ how, status, taken: ANSWERS[how].taken && came !== undefined })
  })
})
