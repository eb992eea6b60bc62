import { UsageError } from '../demo/options.ts'
import { help, parseOptions } from './options.ts'
import type { ProveOptions } from './options.ts'
import { isProven, jsonOf, textOf } from './report.ts'
import { runProof } from './run.ts'

process.exitCode = await main(process.argv.slice(2))
process.exit()

async function main(args: readonly string[]): Promise<number> {
  let options: ProveOptions | 'help'
  try {
    options = parseOptions(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\nnpm run prove -- --help tells the flags\n`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(`${help}\n`)
    return 0
  }
  const out = options.isJson ? process.stderr : process.stdout
  const startedAtMs = performance.now()
  const say = (line: string): void => {
    const seconds = Math.round((performance.now() - startedAtMs) / 1000)
    out.write(line === '' ? '\n' : `${String(seconds).padStart(4)} s  ${line}\n`)
  }
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  try {
    const report = await runProof(options, say, interrupted.signal)
    for (const line of textOf(report)) out.write(`${line}\n`)
    if (options.isJson) process.stdout.write(`${jsonOf(report)}\n`)
    return isProven(report) ? 0 : 1
  } catch (error) {
    if (interrupted.signal.aborted) {
      say('interrupted; everything that was started is gone')
      return 130
    }
    say(`The proof could not be finished: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}
