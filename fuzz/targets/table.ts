import type { Target } from '../target.ts'

/** Every target's file. */
export const TARGETS = {
  accept: new URL('./accept.ts', import.meta.url),
  cloudevents: new URL('./cloudevents.ts', import.meta.url),
  render: new URL('./render.ts', import.meta.url),
  templates: new URL('./templates.ts', import.meta.url),
  silences: new URL('./silences.ts', import.meta.url),
  cdevents: new URL('./cdevents.ts', import.meta.url),
  webhooks: new URL('./webhooks.ts', import.meta.url),
  heartbeats: new URL('./heartbeats.ts', import.meta.url),
  celery: new URL('./celery.ts', import.meta.url),
  replies: new URL('./replies.ts', import.meta.url),
  rabbitmq: new URL('./rabbitmq.ts', import.meta.url),
  vault: new URL('./vault.ts', import.meta.url),
} as const satisfies Record<string, URL>

/** Name of a target: also that of its folder in `fuzz/corpus`. */
export type TargetName = keyof typeof TARGETS

/** Names of all targets. */
export const TARGET_NAMES = Object.keys(TARGETS) as TargetName[]

/** True for the name of a target. */
export function isTarget(name: string): name is TargetName {
  return Object.hasOwn(TARGETS, name)
}

/** Loads a target from its file, only when it is asked for: coverage has to watch its source being loaded. */
export async function loadTarget(file: URL | string): Promise<Target> {
  const { target } = (await import(String(file))) as { readonly target: Target }
  return target
}
