import { spawn } from 'node:child_process'
import { chmodSync, globSync, writeFileSync } from 'node:fs'
import { run } from '../scripts/services/run.ts'
import { findOnPath } from '../test/services/find.ts'

/** A clock that can be set wrong: libfaketime in front of the C library's clock, with the offset in a file. */
export interface FakeClock {
  /** Environment of a process that gets this clock. */
  readonly env: Readonly<Record<string, string>>
  /** Sets it this many seconds ahead of the right time; 0 sets it right. */
  set(seconds: number): void
}

/** Debian's package of libfaketime, installed where it is missing and may be. Says why there is none. */
export async function missingFaketime(): Promise<string | undefined> {
  if (findFaketime()) return undefined
  const apt = findOnPath('apt-get')
  const sudo = process.getuid?.() === 0 ? [] : [findOnPath('sudo') ?? '', '-n']
  if (!apt || sudo[0] === '') return 'libfaketime is not there and can not be installed'
  const [command = '', ...args] = [...sudo, apt, 'install', '-y', '--no-install-recommends', 'libfaketime']
  const { code } = await run(spawn(command, args, { stdio: 'ignore' }))
  return code === 0 && findFaketime() ? undefined : 'libfaketime could not be installed with apt-get'
}

/** A clock whose offset is kept in `file`, which anybody may read: PostgreSQL runs as a user of its own. */
export function createFakeClock(file: string): FakeClock {
  const library = findFaketime()
  if (!library) throw new Error('libfaketime is not installed.')
  const set = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`)
  set(0)
  chmodSync(file, 0o644)
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Timers go by the monotonic clock, which no change of the time moves; so it is on real machines.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    set,
  }
}

function findFaketime(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
}
