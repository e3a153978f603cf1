import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

// Preloaded into a gateway (`node --import`) where no small file system can be mounted: while the file CHAOS_DISK_FULL exists,
// each write that extends a file of the process fails with ENOSPC, as on a full disk.

const flag = process.env.CHAOS_DISK_FULL ?? ''
const { existsSync } = fs

function refuse(): void {
  if (flag !== '' && existsSync(flag))
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 })
}

const { writeSync, ftruncateSync, mkdirSync } = fs
fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
  if (args[0] > 2) refuse()
  return writeSync(...args)
}) as typeof writeSync
fs.ftruncateSync = (...args) => {
  refuse()
  ftruncateSync(...args)
}
fs.mkdirSync = ((...args: Parameters<typeof mkdirSync>) => {
  refuse()
  return mkdirSync(...args)
}) as typeof mkdirSync
syncBuiltinESMExports()
