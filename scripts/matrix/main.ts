/** The version matrix: see `help` in options.ts. */
import { openHome } from '@warren/cluster/local'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokerTests, candidates, chosen, shortList } from './choice.ts'
import { help, parseOptions, UsageError } from './options.ts'
import type { MatrixOptions } from './options.ts'
import { exitCodeOf, type Outcome, table } from './outcome.ts'
import { runVersion } from './run.ts'

const root = join(import.meta.dirname, '../..')
const onProgress = (line: string) => void process.stderr.write(line + '\n')

async function main(options: MatrixOptions): Promise<number> {
  const files = filesFor(options)
  const home = await openHome({ project: root, onProgress })
  const outcomes: Outcome[] = []
  // One after the other: two of them would share the cores, and tests with deadlines would fail.
  for (const version of options.versions) outcomes.push(await runVersion({ root, home, version, files, onProgress }))
  const exitCode = exitCodeOf(outcomes)
  process.stdout.write(options.isJson ? JSON.stringify({ files, outcomes, exitCode }) + '\n' : `\n${table(outcomes)}`)
  return exitCode
}

function filesFor(options: MatrixOptions): string[] {
  const files = globSync(candidates, { cwd: root }).toSorted()
  const tests = brokerTests(files, (path) => {
    try {
      return readFileSync(join(root, path), 'utf8')
    } catch {
      return undefined
    }
  })
  return chosen(tests, options.isShort ? shortList : options.paths)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(help)
  else process.exitCode = await main(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}; --help shows how it is used\n`)
  process.exitCode = 64
}
