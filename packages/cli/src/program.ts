import { Command } from 'commander'
import { addCluster } from './commands/cluster.ts'
import { addEvents } from './commands/events.ts'
import { addFailures } from './commands/failures.ts'
import { addMessages } from './commands/messages.ts'
import { addRelay } from './commands/relay.ts'
import { addStore } from './commands/store.ts'
import { addSubscriptions } from './commands/subscriptions.ts'
import { version } from './version.ts'

/** The whole command line. Subcommands are made with `.command()`, so that they inherit what is set here. */
export function makeProgram(): Command {
  const program = new Command('warren')
    .description('Events, messages, failures, stores and local clusters from the terminal.')
    .version(version())
    .option('--json', 'one JSON document on stdout instead of text for people')
    .option('--config <file>', 'the configuration (default: warren.config.{ts,js,mjs} here or above)')
    .option('--debug', 'show the stack of an error')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .exitOverride()
  addEvents(program)
  addMessages(program)
  addFailures(program)
  addSubscriptions(program)
  addStore(program)
  addRelay(program)
  addCluster(program)
  return program
}

/** What commander says in several lines, in the form of all other errors. */
function usageError(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
  return `warren: USAGE_INVALID: ${line.replace(/\.$/, '')}; --help shows how it is used\n`
}
