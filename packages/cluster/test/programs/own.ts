/** `own.ts <home> <name>`: starts a broker and a database of that name, says so, and stays until it is killed. */
import { startCluster, startPostgres } from '@warren/cluster/local'

const [home = '', name = ''] = process.argv.slice(2)
const version = process.env['WARREN_TEST_RABBITMQ'] || undefined
const [cluster, postgres] = await Promise.all([
  startCluster({ home, name, version, nodes: 1 }),
  startPostgres({ home, name }),
])
console.log(JSON.stringify([await cluster.pid('n1'), await postgres.pid()]))
setInterval(() => undefined, 1000)
