import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { folderHolder, lockFolder } from '../../src/store/folder-lock.ts'
import { embeddedFolder } from '../services/database.ts'

/** Locks a folder in another process; resolves once it has it. */
async function lockElsewhere(folder: string) {
  const program = `import { folderHolder, lockFolder } from ${JSON.stringify(new URL('../../src/store/folder-lock.ts', import.meta.url).href)}
    await lockFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1e9)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  return child
}

describe.each([
  ['a folder', ''],
  ['a folder whose path is too long for a socket', join('deep'.repeat(20), 'deep'.repeat(20))],
])('the lock of %s', (_name, below) => {
  it('is held by one process, released, and does not outlive a kill', async () => {
    const folder = join(embeddedFolder(), below)
    mkdirSync(folder, { recursive: true })
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'data_dir_in_use' })
    await lock.release()
    const other = await lockElsewhere(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'data_dir_in_use' })
    other.kill('SIGKILL')
    await once(other, 'exit')
    await (await lockFolder(folder)).release()
  })

  it('goes to one of many processes after the holder was killed', async () => {
    const folder = join(embeddedFolder(), below)
    mkdirSync(folder, { recursive: true })
    const killed = await lockElsewhere(folder)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)))
    const taken = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(taken).toHaveLength(1)
    await taken[0]?.release()
  })

  it('names its process, and the URL of a gateway that holds it', async () => {
    const folder = join(embeddedFolder(), below)
    expect(await folderHolder(folder)).toBeUndefined()
    mkdirSync(folder, { recursive: true })
    expect(await folderHolder(folder)).toBeUndefined()
    const other = await lockElsewhere(folder)
    expect(await folderHolder(folder)).toEqual({ pid: other.pid })
    await expect(lockFolder(folder)).rejects.toThrow(`found a folder that process ${other.pid} has open`)
    other.kill('SIGKILL')
    await once(other, 'exit')
    expect(await folderHolder(folder)).toBeUndefined()
    const lock = await lockFolder(folder)
    lock.announce('http://127.0.0.1:9090')
    expect(await folderHolder(folder)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:9090' })
    await expect(lockFolder(folder)).rejects.toThrow('--url http://127.0.0.1:9090')
    await lock.release()
    expect(await folderHolder(folder)).toBeUndefined()
  })

  it('is not taken away from a process that is suspended', async () => {
    const folder = join(embeddedFolder(), below)
    mkdirSync(folder, { recursive: true })
    const other = await lockElsewhere(folder)
    other.kill('SIGSTOP')
    await expect(lockFolder(folder)).rejects.toThrow('found a folder that another process has open')
    other.kill('SIGCONT')
    expect(await folderHolder(folder)).toEqual({ pid: other.pid })
  })
})
