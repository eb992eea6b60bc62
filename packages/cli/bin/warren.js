#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`warren: Node ${process.versions.node} is too old; Node 22.18 or later is needed`)
  process.exit(1)
}
await import('../dist/main.js')
