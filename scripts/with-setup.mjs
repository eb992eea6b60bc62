/**
 * node scripts/with-setup.mjs [--rabbitmq] [--postgres] [-- <script> [args…]]
 *
 * Brings what is missing, then runs a script of the project if one is named: packages (`npm ci`), a Node that runs TypeScript, RabbitMQ and
 * PostgreSQL if asked for. Plain JavaScript that needs nothing but Node 20; a second run needs no network. All that it says
 * goes to stderr: stdout belongs to the script.
 */
import { join } from 'node:path'
import { chooseNode } from './setup/choose-node.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { fail, run, runAndBecome } from './setup/run.mjs'

const project = join(import.meta.dirname, '..')
const separator = process.argv.indexOf('--')
const wanted = process.argv.slice(2, separator === -1 ? undefined : separator)
const script = separator === -1 ? [] : process.argv.slice(separator + 1)
if (
  wanted.some((option) => option !== '--rabbitmq' && option !== '--postgres') ||
  (separator !== -1 && script.length === 0)
) {
  fail('usage: node scripts/with-setup.mjs [--rabbitmq] [--postgres] [-- <script> [args…]]')
}

await ensurePackages(project)
const node = chooseNode(project)
const flags = ['--conditions=@warren/source', '--disable-warning=ExperimentalWarning']
if (wanted.length > 0) {
  const { code } = await run(node, [...flags, join(project, 'scripts/setup/servers.ts'), ...wanted])
  if (code !== 0) process.exit(code ?? 1)
}
if (script.length > 0) await runAndBecome(node, [...flags, ...script])
