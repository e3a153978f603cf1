import { z } from 'zod'

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
