import { GatewayError, type Problem } from '../../src/kernel/errors.ts'
import type { Environment } from '../../src/settings/env-file.ts'
import { loadSettings } from '../../src/settings/load.ts'

/** The error that a call ends in. */
export function thrown(call: () => unknown): GatewayError {
  try {
    call()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('it was taken')
}

/** Why settings are refused. */
export const refused = (env: Environment) => thrown(() => loadSettings(env))

/** The problems with which settings are refused. */
export const problemsOf = (env: Environment): readonly Problem[] => refused(env).problems
