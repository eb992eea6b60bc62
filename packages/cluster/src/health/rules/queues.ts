import { listed } from '../../listed.ts'
import type { FindingCode } from '../codes.ts'
import { commandLine } from '../command-line.ts'
import { countedNames, finding, type HealthFinding } from '../finding.ts'
import type { QueueReading, Reading } from '../reading.ts'
import { grouped, type HealthRule } from '../rule.ts'

/** Queues that nobody consumes, classic queues that are down, and copies of them that are missing. */
export const queueRules: HealthRule = function* (reading) {
  for (const [vhost, queues] of grouped(reading.queues ?? [], (queue) => queue.vhost)) {
    for (const rule of rules) yield* rule(vhost, queues, reading)
  }
}

type VhostRule = (vhost: string, queues: readonly QueueReading[], reading: Reading) => Iterable<HealthFinding>

const unconsumed: VhostRule = function* (vhost, queues, { endpoint }) {
  // A stream keeps its messages whoever has read them.
  const found = queues.filter(({ type, messages, consumers }) => type !== 'stream' && messages > 0 && consumers === 0)
  const total = found.reduce((sum, { messages }) => sum + messages, 0)
  yield* found.length === 0
    ? []
    : [
        about('queue-without-consumers', vhost, found, {
          what: `with ${total} message${total === 1 ? '' : 's'} and no consumer`,
          command: commandLine`warren queues list --url ${endpoint} --vhost ${vhost}`,
        }),
      ]
}

const down: VhostRule = function* (vhost, queues) {
  const found = queues.filter(
    ({ type, state }) => type === 'classic' && (state === 'down' || state === 'stopped' || state === 'crashed'),
  )
  if (found.length === 0) return
  const nodes = [...new Set(found.flatMap(({ node }) => node ?? []))]
  yield about('queue-down', vhost, found, {
    what: `down, on ${listed(nodes)}`,
    command: 'systemctl start rabbitmq-server',
    on: nodes.join(', '),
  })
}

const mirrors: VhostRule = function* (vhost, queues, { nodes = [], endpoint }) {
  const running = new Set(nodes.filter(({ isRunning }) => isRunning).map(({ name }) => name))
  const mirrored = queues.filter((queue) => queue.effectivePolicy['ha-mode'] !== undefined || queue.mirrors.length > 0)
  if (mirrored.length === 0) return
  const behind = mirrored.filter(({ mirrors, synchronised }) =>
    mirrors.some((node) => running.has(node) && !synchronised.includes(node)),
  )
  if (behind.length > 0) {
    yield about('mirror-unsynchronised', vhost, behind, {
      what: 'with mirrors that do not have all messages',
      command: commandLine`warren queues sync --url ${endpoint} --vhost ${vhost}`,
    })
  }
  const missing = mirrored.filter((queue) => {
    const present = queue.mirrors.filter((node) => running.has(node)).length
    return present < wantedMirrors(queue, nodes.length)
  })
  if (missing.length > 0) {
    yield about('mirrors-missing', vhost, missing, {
      what: 'with fewer mirrors than the policy asks for',
      command: commandLine`warren queues list --url ${endpoint} --vhost ${vhost}`,
    })
  }
  yield about('mirrored-queues', vhost, mirrored, {
    what: 'mirrored by a policy',
    command: commandLine`warren queues list --url ${endpoint} --vhost ${vhost}`,
  })
}

/** How many nodes beside the leader's the policy wants a copy on. */
function wantedMirrors({ effectivePolicy }: QueueReading, nodes: number): number {
  const { 'ha-mode': mode, 'ha-params': params } = effectivePolicy
  if (mode === 'all') return nodes - 1
  if (mode === 'exactly' && typeof params === 'number') return Math.min(params, nodes) - 1
  return mode === 'nodes' && Array.isArray(params) ? params.length - 1 : 0
}

const notReplicated: VhostRule = function* (vhost, queues, { broker, endpoint }) {
  if (broker.nodes.length < 2) return
  const found = queues.filter(
    (queue) =>
      queue.type === 'classic' &&
      queue.isDurable &&
      !queue.isAutoDelete &&
      !queue.isExclusive &&
      queue.mirrors.length === 0 &&
      queue.effectivePolicy['ha-mode'] === undefined,
  )
  if (found.length === 0) return
  yield about('queue-not-replicated', vhost, found, {
    what: 'durable, on one node alone',
    command: commandLine`warren queues list --url ${endpoint} --vhost ${vhost}`,
  })
}

const rules = [unconsumed, down, mirrors, notReplicated]

function about(
  code: FindingCode,
  vhost: string,
  queues: readonly QueueReading[],
  { what, ...rest }: { readonly what: string; readonly command: string; readonly on?: string },
): HealthFinding {
  const subjects = queues.map(({ name }) => name)
  return finding(code, { vhost, subjects, what: `${countedNames('queue', subjects)} ${what}`, ...rest })
}
