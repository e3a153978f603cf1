import type { Environment } from '../settings/environment.ts'
import { withEnvFile } from '../settings/load.ts'

/**
 * The settings of this process: its environment over `.env`. `logLevel` stands in for TEAMS_LOG_LEVEL where nobody set
 * it: log lines between the lines of an answer help nobody.
 *
 * @throws GatewayError `invalid_settings` for a `.env` that can not be read
 */
export function readEnvironment(logLevel?: 'error' | 'warn'): Environment {
  const env = withEnvFile(process.env)
  return logLevel === undefined || env.TEAMS_LOG_LEVEL?.trim() ? env : { ...env, TEAMS_LOG_LEVEL: logLevel }
}
