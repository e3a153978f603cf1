import { type PropertyName, PropertyViolation } from './target.ts'

/** An input for which a property does not hold. */
export interface Failure {
  readonly property: PropertyName
  readonly detail: string
  /** Lines of the stack, the source's own first. */
  readonly where: readonly string[]
  readonly input: Uint8Array
  /** Whether it takes a thorough try to see it. */
  readonly thorough: boolean
}

/** Describes what a run threw. */
export function failureOf(error: unknown, input: Uint8Array, thorough: boolean): Failure {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  const where = frames.slice(0, 8).map((line) => line.trim())
  if (error instanceof PropertyViolation)
    return { property: error.property, detail: error.message, where, input, thorough }
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${typeof error}`
  return { property: 'answers', detail: detail.slice(0, 1_000), where, input, thorough }
}

/** What two failures of one cause have in common: the property, and its words without what differs between inputs. */
export function causeOf({ property, detail }: Pick<Failure, 'property' | 'detail'>): string {
  return `${property}: ${detail.replace(/"(?:[^"\\]|\\.)*"|zx\d+|\d+/gi, 'n').slice(0, 60)}`
}
