import { clearKeptDemos } from './kept.ts'
import { help, parseOptions, UsageError } from './options.ts'
import type { DemoOptions } from './options.ts'
import { jsonOf, textOf } from './report.ts'
import { runDemo } from './run.ts'
import { Screen } from './screen.ts'
import { isClean } from './truth.ts'

process.exitCode = await main(process.argv.slice(2))
// A customer may still be waiting for an answer when a demo is interrupted.
process.exit()

async function main(args: readonly string[]): Promise<number> {
  let options: DemoOptions | 'help' | 'clear'
  try {
    options = parseOptions(args, process.env)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\nnpm run demo -- --help tells the flags\n`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(`${help}\n`)
    return 0
  }
  if (options === 'clear') {
    const cleared = await clearKeptDemos()
    process.stdout.write(`${cleared === 0 ? 'no demo was kept' : `kept demos taken away: ${cleared}`}\n`)
    return 0
  }
  return await demonstrate(options)
}

async function demonstrate(options: DemoOptions): Promise<number> {
  const screen = new Screen(options.isJson ? process.stderr : process.stdout)
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  try {
    const report = await runDemo(options, screen, interrupted.signal)
    for (const line of textOf(report)) screen.say(line)
    for (const line of whatNext(options)) screen.say(line)
    if (options.isJson) process.stdout.write(`${jsonOf(report)}\n`)
    return isClean(report.truth) ? 0 : 1
  } catch (error) {
    if (interrupted.signal.aborted) {
      screen.say('interrupted; everything that was started is gone')
      return 130
    }
    screen.say(`The demo could not be finished: ${error instanceof Error ? error.message : String(error)}`)
    if (error instanceof Error && error.cause instanceof Error) screen.say(`  because: ${error.cause.message}`)
    return 1
  }
}

function whatNext(options: DemoOptions): readonly string[] {
  const warren = 'npm run warren -- '
  const config = ' --config examples/shop/warren.config.ts'
  if (options.isKept) {
    return [
      '',
      'The cluster and the stores are still there. Look at them:',
      `  ${warren}cluster list`,
      `  ${warren}messages list${config}`,
      `  ${warren}subscriptions list${config}`,
      'and take them away:',
      '  npm run demo -- --clear',
    ]
  }
  if (options.isNodeKilled || options.areServicesRestarted || options.isJson) return []
  return ['', 'Now the hard way: npm run demo -- --kill-node --restart-services --rollback-percent 10']
}
