import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BreakageResult } from './break.ts'
import { reportText } from './report-text.ts'
import type { BenchResult } from './result.ts'

// `node bench/report.ts bench/results/FILE.json`: writes docs/performance.md from the JSON of a run, and from the
// breakages.json beside it where there is one.
const source = process.argv[2]
if (source === undefined) {
  process.stderr.write('node bench/report.ts FILE: the JSON that "npm run bench" has written\n')
  process.exitCode = 2
} else {
  const result = JSON.parse(readFileSync(source, 'utf8')) as BenchResult
  const beside = join(dirname(source), 'breakages.json')
  const breakages = existsSync(beside) ? (JSON.parse(readFileSync(beside, 'utf8')) as BreakageResult[]) : []
  const root = fileURLToPath(new URL('..', import.meta.url))
  const page = join(root, 'docs/performance.md')
  writeFileSync(page, reportText(result, relative(root, resolve(source)), breakages))
  process.stdout.write(`${page}\n`)
}
