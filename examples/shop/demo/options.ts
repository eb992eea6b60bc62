import { parseArgs } from 'node:util'
import { isServiceName, serviceNames } from '../services/services.ts'
import type { ServiceName } from '../services/services.ts'
import { sabotages } from './sabotage.ts'
import type { Sabotage } from './sabotage.ts'

export interface DemoOptions {
  /** How many orders are placed. */
  readonly orders: number
  /** Orders placed per second. */
  readonly rate: number
  /** Share of the requests whose transaction is rolled back after its event was published in it. */
  readonly rollbackPercent: number
  /** Share of the handler runs that fail after their work, and are retried. */
  readonly failPercent: number
  readonly isNodeKilled: boolean
  readonly areServicesRestarted: boolean
  readonly store: 'sqlite' | 'postgres'
  readonly nodes: number
  /** Nodes to use instead, separated by commas. */
  readonly endpoints: string | undefined
  /** A server to use instead of a private one, for `postgres`. */
  readonly databaseUrl: string | undefined
  readonly isKept: boolean
  /** Where the page listens: 0 takes a free port. Null: without the page. */
  readonly pagePort: number | null
  /** The shop stays open after its orders, until somebody interrupts it. */
  readonly isStaying: boolean
  readonly isJson: boolean
  /** Makes the same orders, and breaks the same things, again. */
  readonly seed: number
  /** How long a subscriber is held between its commit and its acknowledgement: the moment in which it is killed. */
  readonly holdMs: number
  readonly sabotage: Sabotage | null
  /** The services that may be killed. */
  readonly victims: readonly ServiceName[]
}

export const help = `The shop on a RabbitMQ cluster of its own, and the truth about it at the end.

  npm run demo -- [flags]

  --orders N             orders to place (default 400)
  --rate N               orders per second (default: N in about 20 s, between 5 and 60)
  --kill-node            kill -9 the node that the order service publishes to, start it again, repeat
  --restart-services     kill -9 services at random, three times or more, and start them again
  --rollback-percent P   requests whose transaction is rolled back after its event was published in it (default 0)
  --fail-percent P       handler runs that fail after their work, to be retried (default 1)
  --store KIND           sqlite (default) or postgres: a private server, or the one in DATABASE_URL
  --nodes N              nodes of the cluster (default 3)
  --stay                 leave shop and page open after the orders, until Ctrl+C; then the truth
  --page-port N          where the page listens (default: a free port)
  --no-page              without the page
  --keep                 leave the cluster and the stores there at the end, and say how to look at them
  --clear                take away what kept demos have left, and do nothing else
  --json                 the result as one JSON object, alone on the standard output; without the page
  --seed N               the same orders and the same kills again
  --help

WARREN_ENDPOINTS=amqp://…,amqp://… takes these nodes instead of a cluster of its own (not with --kill-node).
Exit code: 0 when every event had its effect once in every subscriber, 1 when not, 2 for a wrong flag.`

/** A wrong flag; the message says which. */
export class UsageError extends Error {}

/** Or what is to be done instead of a demo. Throws UsageError. */
export function parseOptions(
  args: readonly string[],
  { WARREN_ENDPOINTS: endpoints, DATABASE_URL: databaseUrl }: Readonly<NodeJS.ProcessEnv> = {},
): DemoOptions | 'help' | 'clear' {
  const { values } = parse(args)
  if (values.help) return 'help'
  if (values.clear) return 'clear'

  const orders = number('orders', values.orders, { from: 1 })
  const { sabotage, store } = values
  if (store !== 'sqlite' && store !== 'postgres') throw new UsageError(`--store is sqlite or postgres, not "${store}"`)
  if (sabotage !== undefined && !isSabotage(sabotage)) {
    throw new UsageError(`--sabotage is ${sabotages.join(' or ')}, not "${sabotage}"`)
  }
  const nodes = number('nodes', values.nodes, { from: 1, to: 9 })
  if (values['kill-node'] && nodes < 3)
    throw new UsageError('--kill-node needs three nodes or more, so that most of them live')
  if (values['kill-node'] && endpoints !== undefined && endpoints !== '') {
    throw new UsageError('--kill-node needs a cluster of its own: unset WARREN_ENDPOINTS')
  }
  return {
    orders,
    rate: values.rate === undefined ? rateFor(orders) : number('rate', values.rate, { from: 1 }),
    rollbackPercent: number('rollback-percent', values['rollback-percent'], { from: 0, to: 50 }),
    failPercent: number('fail-percent', values['fail-percent'], { from: 0, to: 50 }),
    isNodeKilled: values['kill-node'],
    areServicesRestarted: values['restart-services'],
    store,
    nodes,
    endpoints,
    databaseUrl,
    isKept: values.keep,
    pagePort: values.page && !values.json ? number('page-port', values['page-port'], { from: 0, to: 65_535 }) : null,
    isStaying: values.stay,
    isJson: values.json,
    seed: values.seed === undefined ? Date.now() % 1_000_000 : number('seed', values.seed, { from: 0 }),
    holdMs: number('hold', values.hold, { from: 0, to: 5_000 }),
    sabotage: sabotage ?? null,
    victims: values.victims.split(',').filter(isServiceName),
  }
}

/** A run is long enough to see what happens in it, and a big one is no longer than it must be. */
export function rateFor(orders: number): number {
  return Math.min(60, Math.max(5, Math.round(orders / 20)))
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        orders: { type: 'string', default: '400' },
        rate: { type: 'string' },
        'kill-node': { type: 'boolean', default: false },
        'restart-services': { type: 'boolean', default: false },
        'rollback-percent': { type: 'string', default: '0' },
        'fail-percent': { type: 'string', default: '1' },
        store: { type: 'string', default: 'sqlite' },
        nodes: { type: 'string', default: '3' },
        keep: { type: 'boolean', default: false },
        stay: { type: 'boolean', default: false },
        page: { type: 'boolean', default: true },
        'page-port': { type: 'string', default: '0' },
        clear: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        seed: { type: 'string' },
        // For the tests of the check itself, and so not in the help.
        hold: { type: 'string', default: '0' },
        sabotage: { type: 'string' },
        victims: { type: 'string', default: serviceNames.join() },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function number(flag: string, text: string, { from, to = 10_000_000 }: { from: number; to?: number }): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value
  throw new UsageError(`--${flag} is a whole number from ${from} to ${to}, not "${text}"`)
}

function isSabotage(text: string): text is Sabotage {
  return (sabotages as readonly string[]).includes(text)
}
