import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// `npm run build`: JavaScript and declarations in dist/, for publishing alone. A checkout runs src/ as it is; below
// node_modules Node does not strip types, so a package needs JavaScript. The files of the sandbox's page
// and of the pages behind buttons are copied unchanged.

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
const { status } = spawnSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)
for (const page of ['stand-ins/teams/page', 'http/public/page'])
  cpSync(join(root, 'src', page), join(dist, page), {
    recursive: true,
    filter: (path) => !path.endsWith('tsconfig.json'),
  })
