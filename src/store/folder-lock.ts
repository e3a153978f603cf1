import { createHash } from 'node:crypto'
import { mkdtemp, realpath, rm, stat, symlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { codeOf, GatewayError } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'

/** Longest name that a socket may have on every system, in bytes (104 on macOS, 108 on Linux, with the closing zero). */
const LONGEST_NAME = 100

/** Times, 10 ms apart, that a process waits while others look; a look takes milliseconds, or {@link ANSWER_MS}. */
const LONGEST_TURN = 1_500

/** Milliseconds in which a holder says who it is; one that is suspended accepts connections and says nothing. */
const ANSWER_MS = 1_000
const LONGEST_ANSWER = 1_000

/** What connecting to a socket says whose process is gone, or that is gone itself. */
const NOBODY = new Set(['ECONNREFUSED', 'ENOENT'])

/** The process that has a folder. */
export interface FolderHolder {
  /** Its process id, as it sees it: in a container most often 1. */
  readonly pid?: number | undefined
  /** Where it answers over HTTP, for example `http://127.0.0.1:8080`; undefined where it does not, or not yet. */
  readonly url?: string | undefined
}

/** A folder that this process has to itself. */
export interface FolderLock {
  /** From now on tells every process that finds the folder taken where this one answers over HTTP. */
  announce(url: string): void
  release(): Promise<void>
}

/**
 * Keeps a folder for this process by listening on a socket in it. The kernel closes the socket with the process, so a
 * lock never outlives a kill. Whoever connects is told who has the folder. Rejected: a file with process id and URL, because
 * it outlives a kill, and in a container every process is number 1; and a socket in the temporary folder, because a service
 * often has a temporary folder of its own.
 *
 * @throws GatewayError `data_dir_in_use`, which names the gateway that has it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const holder: { url?: string } = {}
  const { name, forget } = await socketName(await realpath(folder))
  const turn = await takeTurn(folder)
  try {
    const server = await take(name, () => JSON.stringify({ pid: process.pid, ...holder }))
    return {
      announce(url) {
        holder.url = url
      },
      release: () => new Promise((resolve) => server.close(() => resolve())),
    }
  } finally {
    await turn()
    await forget()
  }
}

/** Who has a folder; undefined where nobody does. */
export async function folderHolder(folder: string): Promise<FolderHolder | undefined> {
  let real: string
  try {
    real = await realpath(folder)
  } catch {
    return undefined
  }
  const { name, forget } = await socketName(real)
  try {
    return await ask(name)
  } finally {
    await forget()
  }
}

/**
 * One process at a time looks who has the lock: of two that find a dead one's socket, the second would remove the first's.
 * This socket has a name in the kernel only, so that nothing stays of it; systems other than Linux have no such names.
 */
async function takeTurn(folder: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => undefined
  const { dev, ino } = await stat(folder)
  for (let attempt = 0; ; attempt++) {
    try {
      const server = await listen(`\0claimlinc-teams-${dev}-${ino}`)
      return () => new Promise((resolve) => server.close(() => resolve()))
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || attempt === LONGEST_TURN) throw error
      await setTimeout(10)
    }
  }
}

async function take(name: string, greeting: () => string): Promise<Server> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await listen(name, greeting)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || attempt > 2) throw error
      const holder = await ask(name)
      if (holder) throw inUse(holder)
      // A socket file without a listener is what a killed process leaves behind.
      await rm(name, { force: true })
    }
  }
}

/** The socket's name; a folder whose path is too long for one is reached through a short link while the name is used. */
async function socketName(folder: string): Promise<{ name: string; forget: () => Promise<void> }> {
  const nothing = async () => undefined
  if (process.platform === 'win32')
    return {
      name: `\\\\.\\pipe\\claimlinc-teams-${createHash('sha256').update(folder).digest('hex')}`,
      forget: nothing,
    }
  const name = join(folder, 'lock')
  if (Buffer.byteLength(name) <= LONGEST_NAME) return { name, forget: nothing }
  const short = await mkdtemp(join(tmpdir(), 'teams-'))
  await symlink(folder, join(short, 'd'))
  return { name: join(short, 'd', 'lock'), forget: () => rm(short, { recursive: true, force: true }) }
}

function inUse({ pid, url }: FolderHolder): GatewayError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new GatewayError('data_dir_in_use', [
    url === undefined
      ? { at: 'TEAMS_DATA_DIR', found: `a folder that ${who} has open`, expected: 'a folder of its own' }
      : {
          at: 'TEAMS_DATA_DIR',
          found: `a folder that the gateway at ${url} has open (${who})`,
          expected: `a folder of its own, or that gateway: --url ${url} on the command line, createClient({ url: '${url}' }) in a program`,
        },
  ])
}

function listen(name: string, greeting = () => ''): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      // Whoever asked may be gone before it is answered.
      socket.on('error', () => socket.destroy())
      socket.end(greeting())
    })
    server.once('error', reject)
    server.listen(name, () => {
      server.unref()
      resolve(server)
    })
  })
}

/** What the process that listens says of itself, which is nothing where it is of an older version; undefined where none does. */
function ask(name: string): Promise<FolderHolder | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(name)
    const end = () => {
      socket.destroy()
      resolve(holderOf(text))
    }
    socket.setTimeout(ANSWER_MS, end)
    socket.setEncoding('utf8').on('data', (part) => {
      text = `${text}${part}`.slice(0, LONGEST_ANSWER)
    })
    socket.once('error', (error) => {
      // Any other, such as a socket of another user, does not say that nobody listens.
      if (NOBODY.has(codeOf(error) ?? '')) resolve(undefined)
      else end()
    })
    socket.once('close', end)
  })
}

function holderOf(text: string): FolderHolder {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    return {}
  }
  if (!isObject(said)) return {}
  return {
    pid: typeof said.pid === 'number' ? said.pid : undefined,
    url: typeof said.url === 'string' && URL.canParse(said.url) ? new URL(said.url).origin : undefined,
  }
}
