/** `kill.ts <home> <name> <node>`: kills a node of a cluster that another process started. */
import { attachCluster } from '@warren/cluster/local'

const [home = '', name = '', node = ''] = process.argv.slice(2)
const cluster = await attachCluster({ home, name })
await cluster.kill(node)
console.log(await cluster.state(node))
