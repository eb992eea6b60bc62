import type { Compiled } from '../spec/compile.ts'
import type { Finding } from './finding.ts'

/** What the spec says of nodes is looked at and never changed: a node becomes another one only by its own commands. */
export function* nodeFindings({ spec, broker }: Compiled): Iterable<Finding> {
  const { hasRamNodes } = broker.capabilities
  const finding = (level: Finding['level'], rule: string, node: string, message: string): Finding => ({
    level,
    rule,
    vhost: undefined,
    kind: 'node',
    name: node,
    label: `node "${node}"`,
    message,
  })
  for (const { name, type } of broker.nodes) {
    if (type !== 'ram') continue
    const why = 'is a RAM node: it loses its metadata when all others are down, and Khepri (4.x) knows no such nodes'
    yield finding('warning', 'ram-node', name, why)
  }
  const types = new Map(broker.nodes.map(({ name, type }) => [name, type]))
  for (const [name, { type: wanted = 'disc' }] of Object.entries(spec.nodes ?? {})) {
    if (wanted === 'ram' && !hasRamNodes) {
      const why = `cannot be a RAM node: RabbitMQ ${broker.version} keeps its metadata in Khepri, where each node has all of it on disc`
      yield finding('error', 'ram-node-refused', name, `${why}; leave "type" out`)
      continue
    }
    // Who may not see nodes gets none.
    if (types.size === 0) continue
    if (!types.has(name)) {
      const how = `rabbitmqctl -n ${name} stop_app && rabbitmqctl -n ${name} join_cluster ${broker.nodes[0]?.name ?? 'NODE'} && rabbitmqctl -n ${name} start_app`
      yield finding('warning', 'node-missing', name, `is not in the cluster: ${how}`)
      continue
    }
    const found = types.get(name)
    if (found === undefined || found === wanted) continue
    const how = `rabbitmqctl -n ${name} stop_app && rabbitmqctl -n ${name} change_cluster_node_type ${wanted} && rabbitmqctl -n ${name} start_app`
    yield finding('warning', 'node-type-differs', name, `is a ${found} node and should be a ${wanted} node: ${how}`)
  }
}
