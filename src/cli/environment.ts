import type { Environment } from '../settings/env-file.ts'
import { type ReadEnvironment, readEnvFile, withEnvFile } from '../settings/load.ts'

/**
 * Reads the environment of this process over `.env`. `logLevel` is the default of TEAMS_LOG_LEVEL, so that log lines of level
 * info do not stand between the lines of an answer.
 *
 * @throws GatewayError `invalid_settings` for a `.env` that can not be read
 */
export function readEnvironment(logLevel?: 'error' | 'warn'): Environment {
  return withLogLevel(withEnvFile(process.env), logLevel)
}

/** Like {@link readEnvironment}, but returns the problems of `.env`, for a command that reports them with other problems. */
export function readWithProblems(logLevel?: 'error' | 'warn'): ReadEnvironment {
  const { env, problems } = readEnvFile(process.env)
  return { env: withLogLevel(env, logLevel), problems }
}

function withLogLevel(env: Environment, logLevel: string | undefined): Environment {
  return logLevel === undefined || env.TEAMS_LOG_LEVEL?.trim() ? env : { ...env, TEAMS_LOG_LEVEL: logLevel }
}
