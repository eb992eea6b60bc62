import { managementUrl } from './management.ts'
import { addressOf, type ClusterRecord, erlangName, nodePaths, type NodeRecord } from './record.ts'

/** A node as its clients see it. Its ports stay the same when it is killed and started again. */
export interface ClusterNode {
  readonly name: string
  readonly erlangName: string
  /** 127.0.0.1 unless it is a host of its own. */
  readonly address: string
  /** With user name and password, for the default vhost. */
  readonly amqpUrl: string
  readonly amqpPort: number
  /** Set when the cluster has TLS listeners; the certificate is what the caller gave. */
  readonly amqpsUrl: string | undefined
  readonly tlsPort: number | undefined
  readonly managementUrl: string
  readonly logFile: string
}

/** What clients of a node need to know. */
export function describeNode(record: ClusterRecord, node: NodeRecord): ClusterNode {
  const login = `${record.credentials.username}:${record.credentials.password}`
  return {
    name: node.name,
    erlangName: erlangName(node),
    address: addressOf(node),
    amqpUrl: `amqp://${login}@${addressOf(node)}:${node.amqpPort}`,
    amqpPort: node.amqpPort,
    amqpsUrl:
      node.tlsPort === undefined ? undefined : `amqps://${login}@${node.host?.address ?? 'localhost'}:${node.tlsPort}`,
    tlsPort: node.tlsPort,
    managementUrl: managementUrl(node),
    logFile: nodePaths(record, node).logFile,
  }
}
