import { Command } from 'commander'
import { version } from './version.ts'

interface Noun {
  readonly description: string
  readonly help?: string
  /** Adds what the noun's word on the command line needs. */
  readonly load: () => Promise<(noun: Command) => void>
}

/**
 * A noun's commands are loaded when the noun is on the command line: the broker's client, prompts and the cluster's
 * processes take longer to load than most commands take to run.
 */
const nouns: Readonly<Record<string, Noun>> = {
  events: {
    description: 'The catalog: which events there are, and who listens.',
    load: async () => (await import('./commands/events.ts')).addEvents,
  },
  messages: {
    description: 'What was published and received.',
    load: async () => (await import('./commands/messages.ts')).addMessages,
  },
  failures: {
    description: 'Messages whose handlers failed: retrying or parked.',
    load: async () => (await import('./commands/failures.ts')).addFailures,
  },
  trace: {
    description: 'One event at every subscription that it was for.',
    load: async () => (await import('./commands/trace.ts')).addTrace,
  },
  reconcile: {
    description: 'The proof that every event reached every subscription, and what is missing.',
    load: async () => (await import('./commands/reconcile.ts')).addReconcile,
  },
  subscriptions: {
    description: 'Who listens to what, and how it goes.',
    load: async () => (await import('./commands/subscriptions.ts')).addSubscriptions,
  },
  backfill: {
    description: 'Events of the ledger once more, to one subscription alone.',
    load: async () => (await import('./commands/backfill.ts')).addBackfill,
  },
  watches: {
    description: 'Filters of events that are saved, with counts and an alarm of their own.',
    load: async () => (await import('./commands/watches.ts')).addWatches,
  },
  store: {
    description: "The tables that Warren keeps in a service's database.",
    load: async () => (await import('./commands/store.ts')).addStore,
  },
  relay: {
    description: "Sends a store's pending events to the broker.",
    load: async () => (await import('./commands/relay.ts')).addRelay,
  },
  monitor: {
    description: 'The page: whether everything is delivered, and what is not.',
    load: async () => (await import('./commands/monitor.ts')).addMonitor,
  },
  spec: {
    description: 'The cluster as a file: check it, write it from what is there.',
    load: async () => (await import('./commands/spec.ts')).addSpec,
  },
  plan: {
    description: 'What would have to change for the broker to be as the spec says.',
    load: async () => (await import('./commands/plan.ts')).addPlan,
  },
  apply: {
    description: 'Makes the broker as the spec says.',
    load: async () => (await import('./commands/apply.ts')).addApply,
  },
  drift: {
    description: 'What was changed on the broker behind the back of the spec.',
    load: async () => (await import('./commands/drift.ts')).addDrift,
  },
  definitions: {
    description: "A broker's own description of itself: export it, compare it, import it.",
    load: async () => (await import('./commands/definitions.ts')).addDefinitions,
  },
  queues: {
    description: 'Care of queues: where they are, mirrors that fell behind, leaders, members.',
    load: async () => (await import('./commands/queues.ts')).addQueues,
  },
  cluster: {
    description: 'Private RabbitMQ clusters on this machine, and how any cluster is.',
    load: async () => (await import('./commands/cluster.ts')).addCluster,
  },
}

/**
 * The whole command line, for these arguments. Subcommands are made with `.command()`, so that they inherit what is set here.
 */
export function makeProgram(args: readonly string[] = process.argv.slice(2)): Command {
  const program = new Command('warren')
    .description('Events, messages, failures, stores and local clusters from the terminal.')
    .option('--json', 'one JSON document on stdout instead of text for people')
    .option('--config <file>', 'the configuration (default: warren.config.{ts,js,mjs} here or above)')
    .option('--debug', 'show the stack of an error')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .helpCommand(false)
    .exitOverride()
    .hook('preSubcommand', (_, noun) => loadNoun(noun))
  // Behind a noun `--version` is an option of the command (`cluster up --version 4.3`), which this one would take away.
  const noun = args.findIndex((arg) => Object.hasOwn(nouns, arg))
  if (noun === -1 || args.slice(0, noun).includes('--version')) program.version(version())
  for (const [name, { description }] of Object.entries(nouns)) {
    program.command(name).description(description).usage('[options] [command]')
  }
  return program
}

/** Adds the commands of a noun. */
export async function loadNoun(noun: Command): Promise<void> {
  const add = await nouns[noun.name()]?.load()
  add?.(noun)
}

/** What commander says in several lines, in the form of all other errors. */
function usageError(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
  return `warren: USAGE_INVALID: ${line.replace(/\.$/, '')}; --help shows how it is used\n`
}
