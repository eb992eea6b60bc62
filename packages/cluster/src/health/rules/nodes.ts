import { listed } from '../../listed.ts'
import type { FindingCode } from '../codes.ts'
import { commandLine } from '../command-line.ts'
import { finding, type HealthFinding } from '../finding.ts'
import type { FailedCheck, Reading } from '../reading.ts'
import type { HealthRule } from '../rule.ts'

/** Whether nodes run, serve, and see each other. */
export const nodeRules: HealthRule = function* ({ nodes = [], failedChecks, endpoint }) {
  for (const node of nodes) {
    const { name } = node
    const about = { subjects: [name], on: name }
    if (!node.isRunning) {
      yield finding('node-down', {
        ...about,
        what: `node "${name}" does not run, or the others do not reach it`,
        command: 'systemctl start rabbitmq-server',
      })
      continue
    }
    if (node.hasMemoryAlarm) {
      const command = commandLine`rabbitmq-diagnostics -n ${name} memory_breakdown`
      yield finding('memory-alarm', { ...about, what: `node "${name}" has a memory alarm`, command })
    }
    if (node.hasDiskAlarm) {
      yield finding('disk-alarm', { ...about, what: `node "${name}" has a disk alarm`, command: 'df -h' })
    }
    if (node.partitions.length > 0) {
      yield finding('partition-seen', {
        ...about,
        what: `node "${name}" has lost and met again ${listed(node.partitions)}`,
        // A node that joins anew takes over what the others have: that of the side which is kept must not be restarted.
        command: commandLine`rabbitmqctl -n ${name} stop_app && rabbitmqctl -n ${name} start_app`,
      })
    }
    if (node.isInMaintenance) {
      const command = commandLine`rabbitmq-upgrade -n ${name} revive`
      yield finding('node-in-maintenance', { ...about, what: `node "${name}" is in maintenance`, command })
    }
    if (node.type === 'ram') {
      yield finding('ram-node', {
        ...about,
        what: `node "${name}" keeps its metadata in memory alone`,
        command: commandLine`rabbitmqctl -n ${name} stop_app && rabbitmqctl -n ${name} change_cluster_node_type disc && rabbitmqctl -n ${name} start_app`,
      })
    }
  }
  if (nodes.length > 0 && nodes.length % 2 === 0) {
    yield finding('even-number-of-nodes', {
      subjects: nodes.map(({ name }) => name),
      what: `the cluster has ${nodes.length} nodes`,
      command: commandLine`rabbitmqctl join_cluster ${nodes[0]?.name ?? ''}`,
      on: 'a new node',
    })
  }
  for (const check of failedChecks) yield* failedCheck(check, endpoint)
}

interface Meant {
  readonly code: FindingCode
  readonly command: (check: FailedCheck, endpoint: Reading['endpoint']) => string
}

const meanings: Readonly<Record<string, Meant>> = {
  'virtual-hosts': {
    code: 'vhost-down',
    command: ({ node }) => commandLine`rabbitmqctl -n ${node} restart_vhost`,
  },
  'node-is-quorum-critical': {
    code: 'node-quorum-critical',
    command: ({ node }) => commandLine`rabbitmq-upgrade -n ${node} await_online_quorum_plus_one`,
  },
  'node-is-mirror-sync-critical': {
    code: 'node-mirror-critical',
    command: (_, endpoint) => commandLine`warren queues sync --url ${endpoint}`,
  },
  'quorum-queues-without-elected-leaders/all-vhosts': {
    code: 'queue-without-leader',
    command: ({ node }) =>
      commandLine`rabbitmq-diagnostics -n ${node} check_for_quorum_queues_without_an_elected_leader --across-all-vhosts`,
  },
  'is-in-service': {
    code: 'node-not-serving',
    command: ({ node }) => commandLine`rabbitmq-upgrade -n ${node} revive`,
  },
  'metadata-store/initialized': {
    code: 'node-not-serving',
    command: ({ node }) => commandLine`rabbitmq-diagnostics -n ${node} metadata_store_status`,
  },
  'certificate-expiration/1/months': {
    code: 'certificate-expiring',
    command: ({ node }) =>
      commandLine`rabbitmq-diagnostics -n ${node} check_certificate_expiration --unit months --within 1`,
  },
}

function* failedCheck(check: FailedCheck, endpoint: string): Iterable<HealthFinding> {
  const meant = meanings[check.check]
  if (meant === undefined) return
  yield finding(meant.code, {
    subjects: [check.node],
    on: check.node,
    what: `node "${check.node}" fails its health check ${check.check}: ${check.reason}`,
    command: meant.command(check, endpoint),
  })
}
