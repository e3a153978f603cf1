// Says in clear words that Node is too old, before Node stumbles over the first type it can not strip. Plain JavaScript,
// so that any Node can run it; the version is the one of package.json.
import { readFileSync } from 'node:fs'

const needed = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).engines.node
const numbers = (version) => version.match(/\d+/g).map(Number)
const [wantedMajor, wantedMinor = 0] = numbers(needed)
const [major, minor] = numbers(process.versions.node)
if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  console.error(
    `This project runs on Node ${needed.replace('>=', '')} or newer, and this is Node ${process.versions.node}. ` +
      'Run "npm ci": it installs that Node beside the project, and npm\'s commands (npm test, npm start) use it.',
  )
  process.exit(2)
}
