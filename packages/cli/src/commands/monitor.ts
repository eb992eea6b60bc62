import { readFile } from 'node:fs/promises'
import { jsonLogger } from '@warren/bus'
import type { Logger } from '@warren/bus'
import { startMonitor } from '@warren/monitor'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { chooseClusters } from '../cluster-choice.ts'
import type { MonitorLogin } from '../config.ts'
import { CliError } from '../errors.ts'
import { nextSignal } from '../next-signal.ts'
import { collected, storeOption } from '../options.ts'
import type { Session } from '../session.ts'
import { sessionOf } from '../session.ts'
import type { StoreOptions } from '../stores.ts'
import { withLastingStores } from '../stores.ts'

interface MonitorCommandOptions extends StoreOptions {
  readonly host: string
  readonly port: number
  readonly url?: readonly string[]
  readonly vhost: string
  readonly origin?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly behindProxy?: true
  readonly traceUrl?: string
  readonly logLevel: keyof Logger
}

export function addMonitor(monitor: Command): void {
  monitor
    .usage('[options]')
    .description(
      'Serves the page of these stores and clusters until SIGTERM or SIGINT. Prints where it is, and a link to log in with. Accounts of RabbitMQ log in as well: those of the first cluster, unless the configuration names another. Logs JSON lines to stderr.',
    )
    .option('--host <address>', 'where it listens; others than loopback need TLS', '127.0.0.1')
    .addOption(new Option('--port <number>', '0 takes a free one').argParser(port).default(8472))
    .addOption(
      new Option(
        '--url <url>',
        'management listener of a cluster, http://n1:15672; with several clusters NAME=http://n1:15672, or the name of one of the configuration; repeatable (default: those of the configuration)',
      ).argParser(collected),
    )
    .option('--vhost <name>', 'where the events are, on clusters for which the configuration says nothing', '/')
    .option('--tls-cert <file>', 'certificate, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--origin <url>', 'where people see the page when a proxy is in front: https://warren.example.com')
    .option('--behind-proxy', 'believes X-Forwarded headers')
    .option('--trace-url <url>', 'where a trace is shown: https://jaeger.example/trace/{traceId}')
    .addOption(
      new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ warren monitor --store orders --store crm --url http://n1:15672 --url http://n2:15672\n  $ warren monitor --url main=http://n1:15672 --url dr=http://d1:15672',
    )
    .action(run)
}

async function run(options: MonitorCommandOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { host, origin } = options
  const logger = jsonLogger(options.logLevel)
  const config = await session.config()
  const { catalog, monitor: { mask = [], tokens = [], login = {}, ...configured } = {} } = config?.config ?? {}
  const traceUrl = options.traceUrl ?? configured.traceUrl
  const { url: named = [], vhost } = options
  const clusters = await chooseClusters({ named, config, env: session.env, vhost })
  await withLastingStores(session, options, logger, async (stores) => {
    const running = await startMonitor({
      ...{ stores, clusters, host, port: options.port },
      ...{ logger, mask, login: { ...withSecret(login, session.env), tokens } },
      isBehindProxy: options.behindProxy === true,
      ...(catalog === undefined ? {} : { catalog }),
      ...(origin === undefined ? {} : { origin }),
      ...(traceUrl === undefined ? {} : { traceUrl }),
      ...(await tlsOf(options)),
    })
    const stopped = nextSignal()
    const { url, bootstrapUrl } = running
    const names = clusters.map(({ name }) => name)
    const { rabbitmq = names[0] ?? false } = login
    const accountsOf = rabbitmq === false ? null : rabbitmq
    const told = { url, bootstrapUrl, stores: stores.map(({ label }) => label), clusters: names, accountsOf }
    session.output.result(told, () =>
      [
        `The page is at ${url}`,
        ...(bootstrapUrl === null ? [] : [`Log in with ${bootstrapUrl}`]),
        ...(accountsOf === null ? [] : [`Or with an account of RabbitMQ, of the cluster ${accountsOf}`]),
      ].join('\n'),
    )
    await stopped
    await running.stop()
  })
}

/** The secret of the client, unless the configuration says where it is. */
function withSecret(login: MonitorLogin, env: Session['env']): MonitorLogin {
  const { oidc } = login
  const clientSecret = env['WARREN_OIDC_CLIENT_SECRET']
  if (oidc === undefined || clientSecret === undefined) return login
  if (oidc.clientSecret !== undefined || oidc.clientSecretFile !== undefined) return login
  return { ...login, oidc: { ...oidc, clientSecret } }
}

async function tlsOf({
  tlsCert,
  tlsKey,
}: MonitorCommandOptions): Promise<{ readonly tls?: { readonly cert: string; readonly key: string } }> {
  if (tlsCert === undefined && tlsKey === undefined) return {}
  if (tlsCert === undefined || tlsKey === undefined)
    throw new CliError('USAGE_INVALID', '--tls-cert and --tls-key belong together')
  return { tls: { cert: await readFile(tlsCert, 'utf8'), key: await readFile(tlsKey, 'utf8') } }
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (value >= 0 && value <= 65_535) return value
  throw new InvalidArgumentError('It must be a number from 0 to 65535.')
}
