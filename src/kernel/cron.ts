import { createRequire } from 'node:module'
import type { CronExpressionParser } from 'cron-parser'

/**
 * The parser of cron expressions, loaded at its first use: every command reads the catalogue, and few configurations have a
 * heartbeat with `cron`. `import()` would make each calculation of a time asynchronous.
 */
export function cronParser(): typeof CronExpressionParser {
  return (createRequire(import.meta.url)('cron-parser') as typeof import('cron-parser')).CronExpressionParser
}
