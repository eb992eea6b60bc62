import type { Catalog, Logger } from '@warren/bus'
import { catalog, createBus, entity, jsonLogger } from '@warren/bus'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../errors.ts'
import { nextSignal } from '../next-signal.ts'
import { collected, storeOption } from '../options.ts'
import type { Session } from '../session.ts'
import { sessionOf } from '../session.ts'
import type { StoreOptions } from '../stores.ts'
import { chosenStore, openStore } from '../stores.ts'

interface RelayOptions extends StoreOptions {
  readonly service?: string
  readonly endpoint?: readonly string[]
  readonly entity?: readonly string[]
  readonly logLevel: keyof Logger
}

export function addRelay(relayCommand: Command): void {
  relayCommand
    .usage('[options]')
    .description(
      'Sends the pending events of one store to the broker, until SIGTERM or SIGINT; then waits for the confirms in flight. Runs beside services whose bus says "relay: false"; several share the work. Logs JSON lines to stderr.',
    )
    .option('--service <name>', 'the service that publishes (default: of the configuration)')
    .addOption(
      new Option(
        '-e, --endpoint <url>',
        'amqp:// or amqps:// URL of a node; repeatable (default: of the configuration, else WARREN_ENDPOINTS)',
      ).argParser(collected),
    )
    .addOption(
      new Option(
        '--entity <name>',
        'an entity whose events are in the store; repeatable (default: those of the catalog)',
      ).argParser(collected),
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ WARREN_ENDPOINTS="amqp://n1,amqp://n2" warren relay --store orders --service orders --entity order',
    )
    .action(relay)
}

/** How often the relay tells how much it has sent. */
const SUMMARY_INTERVAL_MS = 60_000

async function relay(options: RelayOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const chosen = await chosenStore(session, options)
  const service = options.service ?? (await session.need('service', 'say --service'))
  const entities = await catalogOf(session, options)
  const { credentials, tls, names, relay: tuning, retention } = (await session.config())?.config ?? {}
  const logger = jsonLogger(options.logLevel)
  const bus = createBus({
    service,
    catalog: entities,
    store: await openStore(chosen),
    endpoints: await endpointsOf(session, options),
    logger,
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { tls }),
    ...(names === undefined ? {} : { names }),
    ...(tuning === undefined ? {} : { relay: tuning }),
    // Without it the service alone decides what is old: the default of 30 days might not be its own.
    retention: retention ?? false,
  })

  const totals: Record<string, number> = {}
  bus.signals.relayed.on(({ outcome }) => {
    totals[outcome.kind] = (totals[outcome.kind] ?? 0) + 1
  })
  const stopped = nextSignal()
  await bus.start()
  logger.info({ service, store: chosen.label, entities: entities.entities }, 'the relay runs')
  const summary = setInterval(() => logger.info({ totals }, 'settled with the broker so far'), SUMMARY_INTERVAL_MS)
  const signal = await stopped
  clearInterval(summary)
  logger.info({ signal }, 'stopping: confirms in flight are waited for')
  await bus.stop()
  logger.info({ totals }, 'the relay has stopped')
  session.output.result({ service, store: chosen.label, totals }, () => '')
}

async function endpointsOf(session: Session, options: RelayOptions): Promise<readonly string[]> {
  if (options.endpoint !== undefined) return options.endpoint
  const loaded = await session.config()
  const configured = loaded?.config.endpoints
  if (configured !== undefined) {
    const set = configured.filter((url) => url !== undefined && url !== '')
    if (set.length > 0) return set as string[]
    throw new CliError(
      'CONFIG_INVALID',
      `"endpoints" in ${loaded?.file ?? ''} is empty; is an environment variable not set?`,
    )
  }
  const variable = session.env['WARREN_ENDPOINTS'] ?? ''
  const urls = variable
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
  if (urls.length > 0) return urls
  throw new CliError(
    'CONFIG_INVALID',
    'no endpoint: use --endpoint amqp://…, "endpoints" in warren.config.ts, or the variable WARREN_ENDPOINTS',
  )
}

/** All a relay wants to know of a catalog is which exchanges there are. */
async function catalogOf(session: Session, options: RelayOptions): Promise<Catalog> {
  if (options.entity === undefined) return session.need('catalog', 'say --entity')
  const anything = {
    '~standard': { version: 1, vendor: 'warren', validate: (value: unknown) => ({ value }) },
  } as const
  return catalog(...options.entity.map((name) => entity(name, { identity: 'id', events: { 'any.onEvent': anything } })))
}
