import { createHash } from 'node:crypto'
import { mkdtemp, realpath, rm, stat, symlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { GatewayError } from '../kernel/errors.ts'

/** Longest name that a socket may have on every system, in bytes (104 on macOS, 108 on Linux, with the closing zero). */
const LONGEST_NAME = 100

/** Times, 10 ms apart, that a process waits while another one looks; a look takes a few milliseconds. */
const LONGEST_TURN = 300

/**
 * Keeps a folder for this process by listening on a socket in it. The kernel closes the socket with the process, so a
 * lock never outlives a kill. Rejected: a file with a process id, because in a container every process is number 1;
 * and a socket in the temporary folder, because a service often has a temporary folder of its own.
 *
 * @returns how to let go
 * @throws GatewayError `data_dir_in_use`
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const { name, forget } = await socketName(await realpath(folder))
  const turn = await takeTurn(folder)
  try {
    const server = await take(name)
    return () => new Promise((resolve) => server.close(() => resolve()))
  } finally {
    await turn()
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

async function take(name: string): Promise<Server> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await listen(name)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || attempt > 2) throw error
      if (await answers(name))
        throw new GatewayError('data_dir_in_use', [
          { at: 'TEAMS_DATA_DIR', found: 'a folder that another process has open', expected: 'a folder of its own' },
        ])
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

function listen(name: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end())
    server.once('error', reject)
    server.listen(name, () => {
      server.unref()
      resolve(server)
    })
  })
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(name)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
