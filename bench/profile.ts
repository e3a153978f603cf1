import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** As V8 writes it (`node --cpu-prof`). Times are in microseconds. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  readonly startTime: number
}

/** A share of the time in which the process was at work. */
export interface Share {
  readonly name: string
  /** 0 to 1. */
  readonly share: number
}

/** What a CPU profile says. */
export interface ProfileSummary {
  /** Seconds in which the main thread was at work, and those that it waited. */
  readonly busySeconds: number
  readonly idleSeconds: number
  /** Where the time was spent itself, by the gateway's folders and by package. */
  readonly places: readonly Share[]
  /** The same by function. */
  readonly functions: readonly Share[]
  /** Time in the gateway's functions and in all that they called, by function. */
  readonly inclusive: readonly Share[]
}

/**
 * Reads a profile and says what cost most between two moments of `nowMs()`, whose clock V8 uses too: a profile covers
 * all of a process's life, and its start is not what is measured.
 */
function summarise(
  file: string,
  { from = 0, to = Number.POSITIVE_INFINITY, most = 25 }: { from?: number; to?: number; most?: number } = {},
): ProfileSummary {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const self = new Map<number, number>()
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0
    at += delta
    if (at >= from * 1000 && at <= to * 1000) self.set(id, (self.get(id) ?? 0) + delta)
  }
  const parents = new Map(
    profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)),
  )
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  let busy = 0
  let idle = 0
  const places = new Map<string, number>()
  const functions = new Map<string, number>()
  const inclusive = new Map<string, number>()
  for (const { id, callFrame } of profile.nodes) {
    const time = self.get(id) ?? 0
    if (callFrame.functionName === '(idle)') {
      idle += time
      continue
    }
    busy += time
    add(places, placeOf(callFrame), time)
    add(functions, nameOf(callFrame), time)
    const callers = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame
      if (frame && ownPath(frame.url) !== undefined) callers.add(nameOf(frame))
    }
    for (const caller of callers) add(inclusive, caller, time)
  }
  const sorted = (times: ReadonlyMap<string, number>): Share[] =>
    [...times]
      .map(([name, time]) => ({ name, share: time / busy }))
      .sort((a, b) => b.share - a.share)
      .slice(0, most)
  return {
    busySeconds: busy / 1e6,
    idleSeconds: idle / 1e6,
    places: sorted(places),
    functions: sorted(functions),
    inclusive: sorted(inclusive),
  }
}

/** The summary as lines of text. */
function profileLines(summary: ProfileSummary): string[] {
  const list = (title: string, shares: readonly Share[]) => [
    '',
    title,
    ...shares.map(({ name, share }) => `${(share * 100).toFixed(1).padStart(6)} %  ${name}`),
  ]
  return [
    `at work ${summary.busySeconds.toFixed(1)} s, waiting ${summary.idleSeconds.toFixed(1)} s`,
    ...list('by place (self time)', summary.places),
    ...list('by function (self time)', summary.functions),
    ...list('by function of the gateway (with all it calls)', summary.inclusive),
  ]
}

type Frame = CpuProfile['nodes'][number]['callFrame']

/** The path of a file of the gateway's own: below `dist/` where it is built, below `src/` in a checkout. */
function ownPath(url: string): string | undefined {
  return url.includes('/node_modules/') ? undefined : /\/((?:src|dist)\/.*)/.exec(url)?.[1]
}

function placeOf({ url, functionName }: Frame): string {
  const parts = url.match(/\/node_modules\/((?:@[^/]+\/)?[^/]+)/g)
  const last = parts?.at(-1)?.replace('/node_modules/', '')
  if (last) return last
  const own = ownPath(url)
  if (own) return own.split('/').slice(0, 2).join('/')
  return url.startsWith('node:') ? url.replace(/^(node:(?:internal\/)?[^/]+).*/, '$1') : functionName
}

function nameOf({ url, functionName, lineNumber }: Frame): string {
  const file = ownPath(url) ?? url.replace(/^.*\/node_modules\//, '')
  return `${functionName || '(anonymous)'}${file ? `  ${file}:${lineNumber + 1}` : ''}`
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time)
}

/** Lines about one gateway's profile; undefined where none was asked for. The profile is there once the gateway has ended. */
export function profileOf(folder: string | undefined, name: string, from: number, to: number): string[] | undefined {
  return folder === undefined ? undefined : profileLines(summarise(join(folder, `${name}.cpuprofile`), { from, to }))
}
