#!/usr/bin/env node
// A published package runs the built JavaScript; a checkout runs src/ as it is, because Node 24 strips
// types but refuses to do so below node_modules.
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `claimlinc-teams needs Node 24.12 or newer and found ${process.versions.node}. ` +
      'In a checkout, "npm start" uses the Node 24 that npm ci has installed.',
  )
  process.exit(2)
}
const source = new URL('../src/app/main.ts', import.meta.url)
// Source first, which a package does not have: a checkout in which a package was once built would run what is old.
await import(existsSync(source) ? source.href : new URL('../dist/app/main.js', import.meta.url).href)
