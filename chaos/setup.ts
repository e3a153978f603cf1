import type { EscalationFacts } from './escalation.ts'

/** How long a run takes: all events, or as many as fit into two minutes. */
export type Form = 'full' | 'short'

/** What is particular about the gateways of a scenario. */
export interface Setup {
  readonly channels?: readonly string[]
  readonly budget?: { readonly requests: number; readonly period: number; readonly burst: number }
  /** Milliseconds from the end of the faults by which everything has to have arrived. */
  readonly settled?: number
  /** Milliseconds until the gateway gives up waiting for an answer. */
  readonly timeoutMs?: number
  /** The policy by which events climb; one with pagers starts PagerDuty, too. */
  readonly escalation?: EscalationFacts
  /** Cards have buttons, and each replica serves their pages. */
  readonly links?: boolean
  /** Settings beyond, or other than, the usual ones. */
  readonly settings?: Readonly<Record<string, string | undefined>>
  /** False where webhook URLs do not come from the environment. */
  readonly addresses?: boolean
  /** Goes between gateways and PostgreSQL: between all of them, or the replica of this name. */
  readonly proxied?: boolean | string
  /** Times that the scenario lets the database's clock jump. */
  readonly clockJumps?: number
  /** Environment for PostgreSQL's own process, which can read its folder. */
  readonly postgresEnv?: (folder: string) => Readonly<Record<string, string>>
}

/** What a scenario says of its gateways and their database. */
export interface Deployment {
  readonly name: string
  readonly store: 'postgres' | 'embedded'
  readonly replicas: number
}
