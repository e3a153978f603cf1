import type { RedisDefinition } from '../../src/catalogue/source-definitions.ts'
import type { Acceptor } from '../../src/intake/acceptor.ts'
import { createRespReader, RespError } from '../../src/sources/celery/resp.ts'
import { compareLook } from '../../src/sources/poll.ts'
import { absentOf, conditionsOf, moreOf, overOf } from '../../src/sources/redis/conditions.ts'
import { readFields } from '../../src/sources/redis/info.ts'
import { createReplyReader } from '../../src/sources/redis/replies.ts'
import { SourceProblem } from '../../src/sources/source.ts'
import { MAX_INPUT_BYTES, mutateBytes } from '../mutate/bytes.ts'
import { anyText, NUMBERS } from '../mutate/texts.ts'
import { holdPlain, holdSame, holdTaken } from '../properties/read-outside.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { createChecks } from './checks.ts'
import { definitionOf, NOW, watchedCatalogue } from './watched.ts'

/** Longest value that the reader of Celery's connections takes here: more than a line may have. */
const MOST_VALUE_BYTES = 10_000
const INFO = [
  '# Replication\r\nrole:master\r\nconnected_slaves:1',
  'slave0:ip=10.0.0.2,port=6379,state=online,offset=100,lag=0',
  'master_repl_offset:20000000\r\nrdb_last_bgsave_status:err',
].join('\r\n')
const REPLICA_INFO = [
  'role:slave\r\nmaster_link_status:down\r\nmaster_link_down_since_seconds:31',
  'master_last_io_seconds_ago:-1\r\nslave_repl_offset:7',
].join('\r\n')
const FIELDS = ['role', 'slave0', 'master_repl_offset', 'master_last_io_seconds_ago', 'aof_last_write_status']

/** Bytes of a Redis server, as the two readers of such bytes take them, whole and in segments; and INFO in them. */
export const target: Target = {
  name: 'replies',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 8,
  maxSteps: (bytes) => 10_000 + 100 * bytes,
  seeds: () =>
    [
      `+OK\r\n${bulk(INFO)}`,
      bulk(REPLICA_INFO),
      `*4\r\n${bulk('pmessage')}${bulk('*')}${bulk('celeryev')}${bulk('{"body":"W10="}')}`,
      '-WRONGPASS invalid username-password pair\r\n',
      ':1\r\n$-1\r\n*0\r\n*2\r\n:1\r\n+a\r\n',
      // At the limit of a line, and beyond it.
      ...[4_094, 4_095, 4_096].map((length) => `+${'a'.repeat(length)}\r\n`),
    ].map((text) => Buffer.from(text)),
  mutate(input, other, random) {
    const changed = random.oneIn(2) ? mutateBytes(input, other, random) : withReply(input, random)
    return changed.length > MAX_INPUT_BYTES ? changed.subarray(0, MAX_INPUT_BYTES) : changed
  },
  async open(): Promise<OpenTarget> {
    const catalogue = watchedCatalogue()
    const check = createChecks(catalogue)
    const definition = definitionOf(catalogue, 'redis')
    return {
      async run(bytes, thorough) {
        const cuts = cutsOf(bytes, thorough)
        const values = holdSegments(bytes, cuts, () => createRespReader(MOST_VALUE_BYTES).add)
        const replies = [1, 2].map((count) => holdSegments(bytes, cuts, () => takeOnce(count)))
        holdPlain(values.read, 8 * bytes.length + 1_000, 'what is read')
        for (const { read } of replies)
          for (const text of read) if (typeof text === 'string') holdInfo(text, check, definition)
        return [values, ...replies].map(({ problem, read }, index) => `${index} ${problem} ${read.length > 0}`)
      },
      async close() {},
    }
  },
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`
}

/** The input with a reply of any kind before it, behind it, or in its place. */
function withReply(input: Buffer, random: Random): Buffer {
  const made = Buffer.from(anyReply(random, 0))
  return Buffer.concat(random.pick([[made, input], [input, made], [made]]))
}

function anyReply(random: Random, depth: number): string {
  const text = () => anyText(random, FIELDS)
  switch (random.whole(depth > 4 ? 5 : 6)) {
    case 0:
      return `+${text()}\r\n`
    case 1:
      return `-${random.pick(['ERR', 'NOAUTH', 'NOPERM', 'LOADING', ''])} ${text()}\r\n`
    case 2:
      return `:${random.pick([...NUMBERS, '', '12345678901234567890'])}\r\n`
    case 3:
      return bulk(text())
    case 4: {
      const lines = Array.from({ length: random.whole(5) }, () => `${random.pick(FIELDS)}:${fieldValue(random)}`)
      return bulk([random.pick([INFO, REPLICA_INFO]), ...lines].join('\r\n'))
    }
    default: {
      const items = Array.from({ length: random.whole(4) }, () => anyReply(random, depth + 1))
      return `*${random.oneIn(6) ? random.pick([-1, 101, 99_999_999]) : items.length}\r\n${items.join('')}`
    }
  }
}

function fieldValue(random: Random): string {
  const number = () => String(random.pick([...NUMBERS, '1e999', '-1', 'NaN', '99999999999999999999']))
  return random.oneIn(2)
    ? number()
    : `ip=${random.pick(['a', '10.0.0.2', 'a\u0085b'])},port=1,state=online,offset=${number()},lag=${number()}`
}

/** Where an input is cut: at each byte of a short one, else at some places; those of its lines among them. */
function cutsOf(bytes: Buffer, thorough: boolean): readonly (readonly number[])[] {
  const every = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1)
  const line = bytes.indexOf('\r') + 1
  const places = [1, line, line + 1, bytes.length >> 1, bytes.length - 1].filter((at) => at > 0 && at < bytes.length)
  const single = bytes.length <= (thorough ? 64 : 16) ? every : places
  return [...single.map((at) => [at]), ...(bytes.length <= (thorough ? 2_000 : 200) ? [every] : [])]
}

type Take = (segment: Buffer) => readonly unknown[] | undefined

/** The reader of so many replies, which is asked no more once it has given them. */
function takeOnce(count: number): Take {
  const reader = createReplyReader(count, true)
  let done = false
  return (segment) => {
    if (done) return []
    const replies = reader.add(segment)
    done = replies !== undefined
    return replies
  }
}

interface Read {
  readonly read: readonly unknown[]
  readonly problem: string | undefined
}

/**
 * What a reader gives is the same however the bytes are cut. Where they end in a problem, they always do: which one, of a line that is
 * too long and one that is none, depends on how much of it is there. Values before it are lost if they come in its segment, as the
 * connection is.
 */
function holdSegments(bytes: Buffer, cuts: readonly (readonly number[])[], start: () => Take): Read {
  const whole = readIn([bytes], start())
  for (const cut of cuts) {
    const parts = [0, ...cut].map((from, index) => bytes.subarray(from, cut[index]))
    const { read, problem } = readIn(parts, start())
    const how = `cut at ${cut.slice(0, 5).join(', ')}`
    holdSame(whole.problem !== undefined, problem !== undefined, how)
    if (problem === undefined) holdSame(whole.read, read, how)
  }
  return whole
}

function readIn(segments: readonly Buffer[], take: Take): Read {
  const read: unknown[] = []
  try {
    for (const segment of segments) read.push(...(take(segment) ?? []).map(plainOf))
    return { read, problem: undefined }
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error
    return { read, problem: error.code }
  }
}

/** A value without classes. */
function plainOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  if (value instanceof RespError) return { error: value.line }
  return Array.isArray(value) ? value.map(plainOf) : value
}

/** Any INFO is a state of the server, whose events are taken. */
function holdInfo(text: string, check: Acceptor['check'], definition: RedisDefinition): void {
  const info = readFields(text)
  const conditions = conditionsOf(info, definition)
  holdPlain(conditions, 1_000 + 40 * text.length, 'the conditions')
  const options = { ...definition, openAfterMs: 0, closeAfterMs: 0, over: overOf, more: moreOf }
  const opened = compareLook([], { conditions }, NOW, options)
  const closed = compareLook(opened.findings, { conditions: [], absent: absentOf(info) }, NOW, options)
  holdTaken(check, [...opened.events, ...closed.events])
  hold(opened.findings.length <= 60, 'plain', () => `${opened.findings.length} findings of one look`)
}
