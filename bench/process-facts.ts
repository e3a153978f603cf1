import { readFileSync } from 'node:fs'

/** Time on the CPU so far, of all threads of these processes, in seconds: fields 14 and 15 of /proc/<pid>/stat. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((total, pid) => {
    // The name of the process, field 2, may have blanks; it ends with the last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return total + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

/** The most memory that a process ever had in RAM, in megabytes (10^6 bytes): VmHWM of Linux. */
export function peakMemory(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kibibytes) * 1024) / 1e6
}

/**
 * Milliseconds of the machine's monotonic clock, which all its processes share: the times of two processes can be
 * subtracted, and a change of the time of day changes no figure.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
