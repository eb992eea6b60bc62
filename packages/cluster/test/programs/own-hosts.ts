/** `own-hosts.ts <home> <name>`: starts a node on a host of its own, says where it is, and stays until it is killed. */
import { startCluster } from '@warren/cluster/local'

const [home = '', name = ''] = process.argv.slice(2)
const cluster = await startCluster({ home, name, nodes: 1, hosts: {} })
const { addresses } = await cluster.status()
console.log(JSON.stringify({ addresses, folder: cluster.folder, pid: await cluster.pid('n1') }))
setInterval(() => undefined, 1000)
