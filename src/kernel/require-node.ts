// Imported first by each entry of the package, for its side effect: an older Node would fail with a SyntaxError in a
// dependency. An exception to the house rule "no work at import": modules are evaluated in the order of their imports, so
// a check in a function would come too late.

const OLDEST = '24.12'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12))
  throw new Error(`claimlinc-teams needs Node ${OLDEST} or newer and found Node ${process.versions.node}.`)
