/**
 * node scripts/with-setup.mjs [--rabbitmq] [--postgres] -- <script> [args…]
 *
 * Brings what is missing, then runs a script of the project: packages (`npm ci`), a Node that runs TypeScript, RabbitMQ and
 * PostgreSQL if asked for. Plain JavaScript that needs nothing but Node 20; a second run needs no network. All that it says
 * goes to stderr: stdout belongs to the script.
 */
import { join } from 'node:path'
import { chooseNode } from './setup/choose-node.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { fail, run, runAndBecome } from './setup/run.mjs'

const project = join(import.meta.dirname, '..')
const separator = process.argv.indexOf('--')
if (separator === -1 || process.argv[separator + 1] === undefined) {
  fail('usage: node scripts/with-setup.mjs [--rabbitmq] [--postgres] -- <script> [args…]')
}
const wanted = process.argv.slice(2, separator)
const script = process.argv.slice(separator + 1)

await ensurePackages(project)
const node = chooseNode(project)
const flags = ['--conditions=@warren/source', '--disable-warning=ExperimentalWarning']
if (wanted.length > 0) {
  const { code } = await run(node, [...flags, join(project, 'scripts/setup/servers.ts'), ...wanted])
  if (code !== 0) process.exit(code ?? 1)
}
await runAndBecome(node, [...flags, ...script])
