/** `up.ts <home> <name>`: starts a cluster that stays, and ends. */
import { startCluster } from '@warren/cluster/local'

const [home = '', name = ''] = process.argv.slice(2)
const version = process.env['WARREN_TEST_RABBITMQ'] || undefined
const cluster = await startCluster({ home, name, version, nodes: 1, isDetached: true })
console.log(await cluster.pid('n1'))
