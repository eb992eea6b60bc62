/**
 * Runs one service: `node main.ts orders`. The environment says with what:
 * STORE_URL (`postgres://…` or `sqlite:/file.db`), WARREN_ENDPOINTS (separated by commas), PORT (0 or none: a free one).
 */
import { jsonLogger } from '@warren/bus'
import { startService, stopOnSignals } from './service.ts'
import { isServiceName, serviceNames, services } from './services.ts'
import { openStore } from './store.ts'

const [, , name] = process.argv
const { STORE_URL = '', WARREN_ENDPOINTS = '', PORT = '0' } = process.env
if (!isServiceName(name)) throw new Error(`usage: main.ts ${serviceNames.join('|')}`)

const logger = jsonLogger()
const store = openStore(STORE_URL)
const service = await services[name]({ store, endpoints: WARREN_ENDPOINTS.split(','), logger })
stopOnSignals(service)
const url = await startService(service, Number(PORT))
logger.info({ service: name, ...(url === null ? {} : { url }) }, 'the service is up')
