/**
 * A service as the demo runs it, in a process of its own: the service unchanged, the demo's faults around its store, and
 * word of what happens to the process that started it. Ends when that process does.
 */
import { jsonLogger } from '@warren/bus'
import type { Logger } from '@warren/bus'
import { ManagementClient } from '@warren/cluster/management'
import { brokerWatch } from '@warren/cluster/watch'
import { setTimeout as delay } from 'node:timers/promises'
import { startService, stopOnSignals } from '../services/service.ts'
import { services } from '../services/services.ts'
import { openStore } from '../services/store.ts'
import { listenForBulk } from '../prove/bulk.ts'
import { listenForRollbacks, withFailingHandlers, withRollbacks } from './faults.ts'
import type { Confirm, FromHost, HostSetup } from './host-protocol.ts'
import { withAckBeforeCommit, withLateAck, withoutInbox } from './sabotage.ts'

const TELL_EVERY_MS = 100

const setup = JSON.parse(process.env['SHOP_HOST'] ?? '{}') as HostSetup
const tell = (message: FromHost): void => {
  // The demo may be gone between two events; the process ends with the channel.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
process.on('disconnect', () => process.exit())

let store = openStore(setup.storeUrl)
if (setup.failPercent > 0) store = withFailingHandlers(store, setup.failPercent)
if (setup.sabotage === 'no-inbox') store = withoutInbox(store)
if (setup.sabotage === 'ack-before-commit') store = withAckBeforeCommit(store, hold)
else if (setup.holdMs > 0) store = withLateAck(store, hold)
store = withRollbacks(store)

const log = jsonLogger()
const logger: Logger = {
  ...log,
  info: (fields, message) => {
    log.info(fields, message)
    // Which node a service publishes to is told by its log alone.
    if (!('connection' in fields && fields.connection === `${setup.name} publish`)) return
    if ('endpoint' in fields) tell({ kind: 'connected', link: { port: portOf(fields.endpoint), atMs: Date.now() } })
  },
}
const { endpoints, management, reconcile } = setup
const watch = management && brokerWatch({ client: new ManagementClient({ endpoints: management }), vhost: '/' })
const proving = { ...reconcile, ...(watch && { watch }) }
const service = await services[setup.name]({ store, endpoints, logger, reconcile: proving })
if (service.http !== null) listenForRollbacks(service.http)
if (service.http !== null && setup.isBulk === true) listenForBulk(service.http, service.bus)

let confirms: Confirm[] = []
service.bus.signals.relayed.on(({ event, settlement }) => {
  if (settlement.kind === 'sent') confirms.push({ createdAtMs: event.createdAt.getTime(), confirmedAtMs: Date.now() })
})
let failures = 0
service.bus.signals.received.on(({ kind }) => {
  if (kind === 'failed') failures++
})
setInterval(() => {
  if (confirms.length + failures === 0) return
  tell({ kind: 'news', confirms, failures })
  confirms = []
  failures = 0
}, TELL_EVERY_MS).unref()

stopOnSignals(service)
tell({ kind: 'ready', url: await startService(service, setup.port) })

async function hold(): Promise<void> {
  tell({ kind: 'held', untilMs: Date.now() + setup.holdMs })
  await delay(setup.holdMs)
}

function portOf(endpoint: unknown): number {
  return Number(String(endpoint).split(':').at(-1))
}
