import { hostname } from 'node:os'
import { type SecretPart, type SourceDefinition, secretNameOf } from '../catalogue/source-definitions.ts'
import type { Secret } from '../kernel/secret.ts'
import { createSource } from './kinds.ts'
import { type RunnerParts, startSource } from './runner.ts'

/** Parts of {@link startSources}. */
export interface SourcesParts extends Omit<RunnerParts, 'definition' | 'source' | 'holder'> {
  readonly sources: ReadonlyMap<string, SourceDefinition>
  readonly secret: (name: string) => Secret | undefined
}

/** Starts all sources of the configuration. @returns stops them */
export async function startSources({ sources, secret, ...parts }: SourcesParts): Promise<() => Promise<void>> {
  const holder = `${hostname()}:${process.pid}`
  const started: (() => Promise<void>)[] = []
  for (const definition of sources.values()) {
    const secretOf = (part?: SecretPart) => secret(secretNameOf(definition.name, part))
    const source = await createSource(definition, { secret: secretOf, clock: parts.clock })
    started.push(startSource({ ...parts, definition, source, holder }))
  }
  return async () => {
    await Promise.all(started.map((stop) => stop()))
  }
}
