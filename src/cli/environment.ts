import type { Environment } from '../settings/env-file.ts'
import { type ReadEnvironment, readEnvFile, withEnvFile } from '../settings/load.ts'

/**
 * The settings of this process: its environment over `.env`. `logLevel` stands in for TEAMS_LOG_LEVEL where nobody set
 * it: log lines between the lines of an answer help nobody.
 *
 * @throws GatewayError `invalid_settings` for a `.env` that can not be read
 */
export function readEnvironment(logLevel?: 'error' | 'warn'): Environment {
  return withLogLevel(withEnvFile(process.env), logLevel)
}

/** The same with what is wrong with `.env`, for a command that says it together with all else that is wrong. */
export function readWithProblems(logLevel?: 'error' | 'warn'): ReadEnvironment {
  const { env, problems } = readEnvFile(process.env)
  return { env: withLogLevel(env, logLevel), problems }
}

function withLogLevel(env: Environment, logLevel: string | undefined): Environment {
  return logLevel === undefined || env.TEAMS_LOG_LEVEL?.trim() ? env : { ...env, TEAMS_LOG_LEVEL: logLevel }
}
