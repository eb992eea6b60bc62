import { listed } from '../../listed.ts'
import { commandLine } from '../command-line.ts'
import { countedNames, finding } from '../finding.ts'
import type { QueueReading, Reading } from '../reading.ts'
import { grouped, type HealthRule } from '../rule.ts'
import { memberCommand } from './few-members.ts'

/** Quorum queues and streams: their members, majorities and leaders. */
export const replicaRules: HealthRule = function* (reading) {
  const { queues = [], broker, endpoint } = reading
  const replicated = queues.filter(({ members }) => members !== undefined)
  for (const [vhost, here] of grouped(replicated, (queue) => queue.vhost)) {
    const about = (found: readonly QueueReading[]) => ({
      vhost,
      subjects: found.map(({ name }) => name),
    })
    const without = here.filter(hasLostMajority)
    if (without.length > 0) {
      yield finding('majority-lost', {
        ...about(without),
        what: `${countedNames('queue', names(without))} without a majority of members: online ${onlineOf(without)}`,
        command: 'systemctl start rabbitmq-server',
        on: `the nodes that are away: ${awayFrom(without).join(', ')}`,
      })
    }
    const offline = here.filter((queue) => !hasLostMajority(queue) && away(queue).length > 0)
    if (offline.length > 0) {
      yield finding('members-offline', {
        ...about(offline),
        what: `${countedNames('queue', names(offline))} with members that are offline, on ${listed(awayFrom(offline))}`,
        command: 'rabbitmq-diagnostics check_running',
        on: awayFrom(offline).join(', '),
      })
    }
    const leaderless = here.filter((queue) => !hasLostMajority(queue) && isLeaderless(queue))
    if (leaderless.length > 0) {
      yield finding('queue-without-leader', {
        ...about(leaderless),
        what: `${countedNames('queue', names(leaderless))} without an elected leader`,
        command: commandLine`rabbitmq-queues quorum_status --vhost ${vhost} ${leaderless[0]?.name ?? ''}`,
      })
    }
    const few = here.filter((queue) => isSmall(queue, broker.nodes.length))
    if (few.length > 0) {
      yield finding('few-members', {
        ...about(few),
        what: `${countedNames('queue', names(few))} with ${[...new Set(few.map(({ members = [] }) => members.length))].join(' or ')} members on ${broker.nodes.length} nodes; an odd number from 3 up is safer`,
        ...memberCommand({ vhost, few, replicated, nodes: broker.nodes, endpoint }),
      })
    }
  }
  yield* balance(reading, replicated)
}

/** A node may lead half as much again as its share, and two more: leaders move one by one. */
function* balance({ nodes = [], endpoint }: Reading, queues: readonly QueueReading[]): ReturnType<HealthRule> {
  const running = nodes.filter(({ isRunning }) => isRunning)
  const leading = new Map(running.map(({ name }) => [name, 0]))
  for (const { node } of queues) {
    const count = node === undefined ? undefined : leading.get(node)
    if (node !== undefined && count !== undefined) leading.set(node, count + 1)
  }
  const counts = [...leading.values()]
  const share = counts.reduce((sum, count) => sum + count, 0) / counts.length
  if (counts.length < 2 || Math.max(...counts) <= 1.5 * share + 2) return
  yield finding('leaders-unbalanced', {
    subjects: [...leading.keys()],
    what: `leaders of queues by node: ${[...leading].map(([name, count]) => `${name} ${count}`).join(', ')}`,
    command: commandLine`warren queues rebalance --url ${endpoint}`,
  })
}

function names(queues: readonly QueueReading[]): readonly string[] {
  return queues.map(({ name }) => name)
}

function away({ members = [], online = [] }: QueueReading): readonly string[] {
  return members.filter((node) => !online.includes(node))
}

function awayFrom(queues: readonly QueueReading[]): readonly string[] {
  return [...new Set(queues.flatMap(away))].toSorted()
}

function onlineOf([queue]: readonly QueueReading[]): string {
  return `${queue?.online?.length ?? 0} of ${queue?.members?.length ?? 0}`
}

function hasLostMajority(queue: QueueReading): boolean {
  const { members = [], state } = queue
  return state === 'minority' || (members.length > 0 && members.length - away(queue).length <= members.length / 2)
}

/** Statistics lag, so that a queue which knows no leader yet is told of when its state says so, too. */
function isLeaderless({ type, node, state }: QueueReading): boolean {
  return state === 'down' || state === 'stopped' || (type === 'quorum' && (node === undefined || node === ''))
}

function isSmall({ type, members = [] }: QueueReading, nodes: number): boolean {
  return type === 'quorum' && nodes >= 3 && (members.length < 3 || members.length % 2 === 0)
}
