/**
 * node scripts/with-setup.mjs [--rabbitmq] [--postgres] [--page] [--chromium] [-- <script> [args…]]
 *
 * Brings what is missing, then runs a script of the project if one is named: packages (`npm ci`), a Node that runs TypeScript; RabbitMQ,
 * PostgreSQL, the page as it is built, and a browser if asked for. Plain JavaScript that needs nothing but Node 20; a second run needs no network. All that it says
 * goes to stderr: stdout belongs to the script.
 */
import { join } from 'node:path'
import { chooseNode } from './setup/choose-node.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { fail, run, runAndBecome } from './setup/run.mjs'

const project = join(import.meta.dirname, '..')
const options = new Set(['--rabbitmq', '--postgres', '--page', '--chromium'])
const separator = process.argv.indexOf('--')
const wanted = process.argv.slice(2, separator === -1 ? undefined : separator)
const script = separator === -1 ? [] : process.argv.slice(separator + 1)
if (wanted.some((option) => !options.has(option)) || (separator !== -1 && script.length === 0)) {
  fail('usage: node scripts/with-setup.mjs [--rabbitmq] [--postgres] [--page] [--chromium] [-- <script> [args…]]')
}

await ensurePackages(project)
const node = chooseNode(project)
const flags = ['--conditions=@warren/source', '--disable-warning=ExperimentalWarning']
if (wanted.length > 0) {
  const { code } = await run(node, [...flags, join(project, 'scripts/setup/bring.ts'), ...wanted])
  if (code !== 0) process.exit(code ?? 1)
}
if (script.length > 0) await runAndBecome(node, [...flags, ...script])
