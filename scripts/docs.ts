import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { biomeWithImportRules, pages } from './docs/pages.ts'

// `npm run docs`: writes the reference pages, the picture of the rooms, .env.example and the import rules in biome.json
// from the tables in src/ and docs/architecture.md. `test/docs.test.ts` and `test/architecture.test.ts` fail for a file that
// differs.
const root = fileURLToPath(new URL('..', import.meta.url))
mkdirSync(`${root}docs/reference`, { recursive: true })
for (const [path, content] of pages()) {
  writeFileSync(root + path, content)
  console.log(path)
}
writeFileSync(`${root}biome.json`, JSON.stringify(biomeWithImportRules()))
execFileSync('biome', ['format', '--write', 'biome.json'], { cwd: root, stdio: 'ignore' })
console.log('biome.json')
