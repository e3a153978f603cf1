import { z } from 'zod'

/** A dependency's health. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/** The answer to `/healthz`. */
export const healthWire = z.object({ status: z.literal('ok') })

/** The answer to `/readyz`. */
export const readinessWire = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
})

/** The answer to `/`. */
export const indexWire = z.object({
  name: z.literal('claimlinc-teams'),
  version: z.string(),
  about: z.string(),
  links: z.record(z.string(), z.string()),
})
