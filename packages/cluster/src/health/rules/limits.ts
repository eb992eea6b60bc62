import { commandLine } from '../command-line.ts'
import { finding, type HealthFinding } from '../finding.ts'
import type { NodeReading, Usage } from '../reading.ts'
import { type HealthRule, isHigh } from '../rule.ts'

const MIB = 2 ** 20
/** `disk_free_limit` where nothing is configured. */
const DEFAULT_DISK_LIMIT_BYTES = 50_000_000
const LOWEST_MEMORY_LIMIT_BYTES = 256 * MIB
/** The default is 60. */
const USUAL_NET_TICKTIME_SECONDS = [10, 120] as const

/** How near nodes are to their limits, and limits that are hardly meant. */
export const limitRules: HealthRule = function* ({ nodes = [], broker, partitionHandling }) {
  const running = nodes.filter(({ isRunning }) => isRunning)
  for (const node of running) yield* limitsOf(node)
  yield* differences(running)
  const about = { subjects: nodes.map(({ name }) => name), command: 'rabbitmqctl environment', on: 'every node' }
  if (broker.metadataStore !== 'mnesia' || nodes.length < 2) return
  if (partitionHandling === 'ignore') {
    yield finding('partition-handling-ignore', { ...about, what: 'cluster_partition_handling is ignore' })
  }
  if (partitionHandling === 'pause_minority' && nodes.length === 2) {
    yield finding('partition-handling-two-nodes', {
      ...about,
      what: 'cluster_partition_handling is pause_minority, and there are two nodes',
    })
  }
}

function* limitsOf(node: NodeReading): Iterable<HealthFinding> {
  const { name, memory, disk, netTicktimeSeconds } = node
  const about = { subjects: [name], on: name }
  if (memory !== undefined && !node.hasMemoryAlarm && isHigh(memory)) {
    yield finding('memory-high', {
      ...about,
      what: `node "${name}" uses ${mebibytes(memory.used)} of the ${mebibytes(memory.limit)} at which it raises an alarm`,
      command: commandLine`rabbitmq-diagnostics -n ${name} memory_breakdown`,
    })
  }
  if (memory !== undefined && memory.limit < LOWEST_MEMORY_LIMIT_BYTES) {
    yield finding('memory-limit-low', {
      ...about,
      what: `node "${name}" raises an alarm at ${mebibytes(memory.limit)} of memory`,
      command: commandLine`rabbitmqctl -n ${name} set_vm_memory_high_watermark 0.6`,
    })
  }
  if (disk !== undefined && disk.limitBytes <= DEFAULT_DISK_LIMIT_BYTES) {
    yield finding('disk-limit-default', {
      ...about,
      what: `node "${name}" raises an alarm when ${mebibytes(disk.limitBytes)} of the disk are left`,
      command: commandLine`rabbitmqctl -n ${name} set_disk_free_limit mem_relative 1.0`,
    })
  }
  if (disk !== undefined && !node.hasDiskAlarm && disk.freeBytes < 2 * disk.limitBytes) {
    yield finding('disk-low', {
      ...about,
      what: `node "${name}" has ${mebibytes(disk.freeBytes)} left and raises an alarm at ${mebibytes(disk.limitBytes)}`,
      command: 'df -h',
    })
  }
  yield* usageOf('descriptors-high', 'file descriptors', name, node.descriptors)
  yield* usageOf('sockets-high', 'sockets', name, node.sockets)
  yield* usageOf('processes-high', 'Erlang processes', name, node.processes)
  const [shortest, longest] = USUAL_NET_TICKTIME_SECONDS
  if (netTicktimeSeconds !== undefined && (netTicktimeSeconds < shortest || netTicktimeSeconds > longest)) {
    yield finding('net-ticktime-unusual', {
      ...about,
      what: `node "${name}" has a net_ticktime of ${netTicktimeSeconds} s; the default is 60 s`,
      command: commandLine`rabbitmqctl -n ${name} environment`,
    })
  }
}

function* usageOf(
  code: 'descriptors-high' | 'sockets-high' | 'processes-high',
  noun: string,
  node: string,
  usage: Usage | undefined,
): Iterable<HealthFinding> {
  if (usage === undefined || !isHigh(usage)) return
  yield finding(code, {
    subjects: [node],
    on: node,
    what: `node "${node}" uses ${usage.used} of ${usage.limit} ${noun}`,
    command: commandLine`rabbitmq-diagnostics -n ${node} status`,
  })
}

function* differences(running: readonly NodeReading[]): Iterable<HealthFinding> {
  const subjects = running.map(({ name }) => name)
  const told = (values: readonly string[]): string =>
    subjects.map((name, index) => `${name} ${values[index]}`).join(', ')
  const memory = running.map((node) => node.memory?.limit ?? 0)
  if (memory.length > 0 && Math.max(...memory) > 1.1 * Math.min(...memory) && Math.min(...memory) > 0) {
    yield finding('memory-limits-differ', {
      subjects,
      what: `nodes raise the memory alarm at different amounts: ${told(memory.map(mebibytes))}`,
      command: 'rabbitmqctl set_vm_memory_high_watermark 0.6',
      on: 'every node',
    })
  }
  const ticks = running.map((node) => node.netTicktimeSeconds)
  if (new Set(ticks.filter((tick) => tick !== undefined)).size > 1) {
    yield finding('net-ticktime-differs', {
      subjects,
      what: `nodes have different net_ticktimes: ${told(ticks.map((tick) => `${tick ?? '?'} s`))}`,
      command: 'rabbitmqctl environment',
      on: 'every node',
    })
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}
