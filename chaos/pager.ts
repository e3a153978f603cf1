import { join } from 'node:path'
import { start } from './processes.ts'

/** What can happen to a request to PagerDuty. Of these, only `slow` and `cut_after` are kept there. */
export type PagerFault = 'throttled' | 'unavailable' | 'slow' | 'cut_before' | 'cut_after' | 'hang'

/** What happens to requests, until the next plan. */
export interface PagerPlan {
  readonly seed: string
  /** The share of requests that get each fault; the rest are answered as PagerDuty does. */
  readonly faults: Readonly<Partial<Record<PagerFault, number>>>
  /** Nothing listens there. */
  readonly away: boolean
}

/** PagerDuty, in a process of its own. */
export interface Pager {
  readonly url: string
  plan(plan: Partial<PagerPlan>): Promise<void>
}

/** Starts it; its log is `pager.jsonl`. */
export async function startPager(folder: string, later: (task: () => Promise<void>) => void): Promise<Pager> {
  const program = start({
    command: process.execPath,
    args: [new URL('pager-process.ts', import.meta.url).pathname, join(folder, 'pager.jsonl')],
    cwd: folder,
    env: {},
    errors: join(folder, 'pager.log'),
    find: (output) => (output.includes('\n') ? output.trim() : undefined),
  })
  later(async () => {
    program.send('SIGTERM')
    await program.ended
  })
  const { url, control } = JSON.parse(await program.ready) as { url: string; control: string }
  return {
    url,
    async plan(plan) {
      const whole: PagerPlan = { seed: 'calm', faults: {}, away: false, ...plan }
      const answer = await fetch(control, { method: 'PUT', body: JSON.stringify(whole) })
      if (answer.status !== 204) throw new Error(`PagerDuty's stand-in answered its plan with ${answer.status}.`)
    },
  }
}
