// Imported first by each entry of the package, for its effect: an older Node would end in a SyntaxError of a dependency.
// An exception to "no work at import": modules are evaluated in the order of their imports, so nothing else comes before them.

const OLDEST = '24.12'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12))
  throw new Error(`claimlinc-teams needs Node ${OLDEST} or newer and found Node ${process.versions.node}.`)
