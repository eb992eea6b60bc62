import { alternations } from './bench.ts'
import { loadBench } from './benches.ts'
import { openEnvironment } from './environment.ts'
import { help, parseOptions, UsageError } from './options.ts'
import type { Options } from './options.ts'
import type { Row } from './row.ts'
import { table } from './table.ts'

interface Failure {
  readonly bench: string
  readonly error: string
}

const startedAtMs = performance.now()

/** To stderr, so that stdout holds the report alone. */
function progress(line: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0)
  process.stderr.write(`${seconds.padStart(4)} s  ${line}\n`)
}

/** Runs the benchmarks one after the other; one that cannot run does not keep the others from running. */
async function main(options: Options): Promise<number> {
  const environment = await openEnvironment(progress)
  const { broker, database, machine } = environment
  const rows: (Row & { readonly bench: string })[] = []
  const failures: Failure[] = []
  try {
    for (const bench of options.only) {
      try {
        const run = await loadBench(bench)
        for (const row of await run({ quick: options.quick, broker, database, progress })) rows.push({ bench, ...row })
      } catch (error) {
        progress(`${bench} FAILED: ${describe(error)}`)
        failures.push({ bench, error: describe(error) })
      }
    }
  } finally {
    await environment.close()
  }
  const runs = alternations(options)
  if (options.json) process.stdout.write(JSON.stringify({ machine, quick: options.quick, runs, rows, failures }) + '\n')
  else {
    process.stdout.write(table(rows, machine, runs))
    for (const { bench, error } of failures) process.stdout.write(`${bench} could not be measured: ${error}\n`)
  }
  return failures.length === 0 ? 0 : 1
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return `${error.message}: ${error.errors.slice(0, 3).map(describe).join('; ')}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** A benchmark that failed may have left connections open, which would keep the process. */
async function exit(code: number): Promise<never> {
  await new Promise((resolve) => process.stdout.write('', resolve))
  process.exit(code)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(help)
  else await exit(await main(options))
} catch (error) {
  process.stderr.write(`${error instanceof UsageError ? error.message : describe(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
