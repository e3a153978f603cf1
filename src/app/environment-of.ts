import type { GatewayOptions } from '../gateway/options.ts'
import { type ReadEnvironment, readEnvFile } from '../settings/load.ts'
import { withoutServiceVariables } from '../settings/service-variables.ts'
import { WEBHOOK_PREFIX } from '../settings/table.ts'

/**
 * The environment that options describe, with what is wrong with a `.env` file: `env`, or `process.env` over the `.env` file of
 * the working folder, with everything that the options set by name above it.
 */
export function environmentOf(
  options: Pick<GatewayOptions, 'env' | 'settings' | 'name' | 'webhooks'>,
): ReadEnvironment {
  const read = options.env ? { env: withoutServiceVariables(options.env), problems: [] } : readEnvFile(process.env)
  const env: Record<string, string | undefined> = { ...read.env }
  for (const [name, value] of Object.entries(options.settings ?? {})) if (value !== undefined) env[name] = String(value)
  if (options.name !== undefined) env.TEAMS_CALLER_NAME = options.name
  for (const [key, url] of Object.entries(options.webhooks ?? {})) env[`${WEBHOOK_PREFIX}${key.toUpperCase()}`] = url
  return { env, problems: read.problems }
}
