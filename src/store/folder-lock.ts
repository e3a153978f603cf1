import { createHash } from 'node:crypto'
import { mkdtemp, realpath, rm, stat, symlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { codeOf, GatewayError } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'

/** Longest path of a socket on every system, in bytes (104 on macOS, 108 on Linux, with the closing zero). */
const MAX_SOCKET_PATH_BYTES = 100

/**
 * Tries, 10 ms apart, to become the one process that checks the lock; a check takes milliseconds, or {@link ANSWER_MS}.
 */
const MAX_CHECK_TRIES = 1_500

/** Milliseconds within which the lock's owner says who it is; a suspended one accepts connections and says nothing. */
const ANSWER_MS = 1_000
const MAX_ANSWER_LENGTH = 1_000

/** Error codes of connecting to a socket whose process is gone, or that is gone itself. */
const NOBODY = new Set(['ECONNREFUSED', 'ENOENT'])

/** The process that has a folder's lock. */
export interface FolderHolder {
  /** Its process id as it sees it: in a container usually 1. */
  readonly pid?: number | undefined
  /** Its HTTP URL, such as `http://127.0.0.1:8080`; undefined where it serves none, or not yet. */
  readonly url?: string | undefined
}

/** A folder that this process has locked. */
export interface FolderLock {
  /** Sets the HTTP URL that processes which find the folder locked are told. */
  announce(url: string): void
  release(): Promise<void>
}

/**
 * Locks a folder by listening on a socket in it. The kernel closes the socket with the process, so a lock never
 * outlives a kill. A process that connects is told who has the folder.
 *
 * Rejected: a file with process id and URL, because it outlives a kill, and in a container every process is number 1; a
 * socket in the temporary folder, because a service often has a temporary folder of its own.
 *
 * @throws GatewayError `data_dir_in_use`, which names the gateway that has it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const holder: { url?: string } = {}
  const { name, forget } = await socketName(await realpath(folder))
  const endCheck = await beginCheck(folder)
  try {
    const server = await take(name, () => JSON.stringify({ pid: process.pid, ...holder }))
    return {
      announce(url) {
        holder.url = url
      },
      release: () => new Promise((resolve) => server.close(() => resolve())),
    }
  } finally {
    await endCheck()
    await forget()
  }
}

/** The process that has a folder's lock; undefined where none has. */
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
 * Waits until this process is the only one that checks the lock; returns how to end the check. Of two that find a dead
 * process's socket at once, the second would remove the first one's new socket. Uses an abstract socket, which leaves
 * no file; systems other than Linux have none.
 */
async function beginCheck(folder: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => undefined
  const { dev, ino } = await stat(folder)
  for (let attempt = 0; ; attempt++) {
    try {
      const server = await listen(`\0claimlinc-teams-${dev}-${ino}`)
      return () => new Promise((resolve) => server.close(() => resolve()))
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || attempt === MAX_CHECK_TRIES) throw error
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
      // A socket file without a listener is left over from a killed process.
      await rm(name, { force: true })
    }
  }
}

/**
 * The socket's path, and how to remove what was made for it: where the folder's path is too long for a socket, the path
 * goes through a short symbolic link.
 */
async function socketName(folder: string): Promise<{ name: string; forget: () => Promise<void> }> {
  const nothing = async () => undefined
  if (process.platform === 'win32')
    return {
      name: `\\\\.\\pipe\\claimlinc-teams-${createHash('sha256').update(folder).digest('hex')}`,
      forget: nothing,
    }
  const name = join(folder, 'lock')
  if (Buffer.byteLength(name) <= MAX_SOCKET_PATH_BYTES) return { name, forget: nothing }
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
      // The process that asked may be gone before the answer.
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

/**
 * What the listening process says of itself, nothing where it is of an older version; undefined where no process
 * listens.
 */
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
      text = `${text}${part}`.slice(0, MAX_ANSWER_LENGTH)
    })
    socket.once('error', (error) => {
      // Any other error, such as one for another user's socket, does not mean that no process listens.
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
