import { createHash } from 'node:crypto'
import { realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GatewayError } from '../kernel/errors.ts'

/**
 * Keeps a folder for this process by listening on a socket that is named after it. The kernel closes the socket
 * with the process, so a lock never outlives a kill. A file with a process id was rejected: in a container every
 * process is number 1, and a number is soon used again.
 *
 * @returns how to let go
 * @throws GatewayError `data_dir_in_use`
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = await socketPath(folder)
  for (let attempt = 0; ; attempt++) {
    try {
      const server = await listen(path)
      return () => new Promise((resolve) => server.close(() => resolve()))
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || attempt > 2) throw error
      if (await answers(path))
        throw new GatewayError('data_dir_in_use', [
          { at: 'TEAMS_DATA_DIR', found: 'a folder that another process has open', expected: 'a folder of its own' },
        ])
      // A socket file without a listener is what a killed process leaves behind.
      await rm(path, { force: true })
    }
  }
}

async function socketPath(folder: string): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
    .slice(0, 24)
  // The folder's own path may be longer than the 107 bytes that a socket's name may have.
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\claimlinc-teams-${name}`
    : join(tmpdir(), `claimlinc-teams-${name}.sock`)
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end())
    server.once('error', reject)
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
