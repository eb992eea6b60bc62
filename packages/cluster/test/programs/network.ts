/** `network.ts <folder>`: makes a network of one host, and prints `made`, or the code and the message of the error. */
import { isClusterError } from '@warren/cluster/local'
import { createNetwork, removeNetwork } from '../../src/local/hosts/network.ts'

const [folder = ''] = process.argv.slice(2)
try {
  await createNetwork({ home: folder, folder, hosts: ['n1'], onProgress: () => undefined })
  console.log('made')
} catch (error) {
  console.log(isClusterError(error) ? `${error.code} ${error.message.replaceAll('\n', ' ')}` : error)
}
await removeNetwork(folder)
