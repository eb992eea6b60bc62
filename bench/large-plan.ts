import { openHome, startCluster } from '@warren/cluster/local'
import { api, type ManagementClient } from '@warren/cluster/management'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { measureProcess } from './support/measure-process.ts'
import { ratioRow, valueRow } from './row.ts'
import type { Row } from './row.ts'
import type { Pair } from './statistics.ts'

const EXCHANGES = 100
/** The broker takes its time for so many queues, and is busy with others on the same cores. */
const IMPORT_TIMEOUT_MS = 600_000
const SLICE = 1_000
const MEGABYTE = 1_000_000

/**
 * `warren plan` of 10,000 queues and 20,000 bindings, the whole process from its start to its end, beside a plain
 * `GET /api/definitions` of the same broker right after it: once with everything in place, so that the plan is empty, and once for
 * a vhost that is not there. The queues are classic, on a node of its own: what is measured is reading and comparing, and as
 * many quorum queues are another matter. The command runs from its sources, as `npm run warren` does; removing the types is
 * in its time and its memory.
 */
export const run: Bench = async (context) => {
  const { quick, progress } = context
  const queues = quick ? 1_000 : 10_000
  const home = await openHome({ project: join(import.meta.dirname, '..'), onProgress: progress })
  const cluster = await startCluster({ home, name: `bench-plan-${process.pid}`, nodes: 1, onProgress: progress })
  const folder = await mkdtemp(join(tmpdir(), 'warren-bench-plan-'))
  try {
    const client = cluster.managementClient()
    for (const vhost of ['there', 'missing']) await writeFile(join(folder, `${vhost}.yaml`), specOf(vhost, queues))
    // In slices: a listener hangs up on a request that takes it longer than its idle timeout.
    for (let from = 0; from < queues; from += SLICE) {
      const definitions = definitionsOf('there', numbered(queues).slice(from, from + SLICE))
      await client.post(api`definitions`, definitions, { timeoutMs: IMPORT_TIMEOUT_MS })
    }
    progress(`large-plan: ${queues} queues and ${2 * queues} bindings are on the broker`)

    const { username, password } = cluster.credentials
    const login = { WARREN_MANAGEMENT_USER: username, WARREN_MANAGEMENT_PASSWORD: password }
    const rows: Row[] = []
    for (const [vhost, what, code] of [
      ['there', 'nothing to change', 0],
      ['missing', `${3 * queues + EXCHANGES + 2} steps`, 2],
    ] as const) {
      const args = ['plan', '--spec', join(folder, `${vhost}.yaml`), '--url', cluster.nodes[0]?.managementUrl ?? '']
      const times: Pair[] = []
      const sizes: Pair[] = []
      for (let round = 0; round < alternations(context); round++) {
        const planned = await measureProcess(args, login)
        // A plan of something else would be quick, too.
        if (planned.code !== code || !planned.stdout.includes(what)) throw new Error(`the plan is not: ${what}`)
        const peer = await readDefinitions(client)
        times.push({ warren: planned.durationMs / 1000, peer: peer.durationMs / 1000 })
        sizes.push({ warren: planned.maxRssBytes / MEGABYTE, peer: peer.bytes / MEGABYTE })
        const size = `${(planned.maxRssBytes / MEGABYTE).toFixed(0)} MB`
        progress(`large-plan: ${what}, round ${round + 1}: ${(planned.durationMs / 1000).toFixed(1)} s, ${size}`)
      }
      const name = `plan of ${queues.toLocaleString('en')} queues, ${what}`
      rows.push(
        valueRow(times, 's', { name: `${name}: time`, bar: { atMost: 10 } }),
        ratioRow(times, 's', { name: `${name}: time ÷ GET /definitions` }),
        valueRow(sizes, 'MB', {
          name: `${name}: memory`,
          bar: { atMost: 300 },
          note: 'max RSS of the process; beside it the size of the answer to GET /definitions',
        }),
      )
    }
    return rows
  } finally {
    await rm(folder, { recursive: true, force: true })
    await cluster.down()
  }
}

async function readDefinitions(client: ManagementClient): Promise<{ durationMs: number; bytes: number }> {
  const startedAt = performance.now()
  const definitions = await client.get(api`definitions`, { timeoutMs: IMPORT_TIMEOUT_MS })
  const durationMs = performance.now() - startedAt
  return { durationMs, bytes: JSON.stringify(definitions).length }
}

interface Numbered {
  readonly queue: string
  readonly exchange: string
  readonly keys: readonly string[]
}

function numbered(queues: number): readonly Numbered[] {
  return Array.from({ length: queues }, (_, index) => ({
    queue: `qu.entity${index % EXCHANGES}.service${index}`,
    exchange: `ex.entity${index % EXCHANGES}.topic`,
    keys: [`entity${index % EXCHANGES}.created.${index}.#`, `entity${index % EXCHANGES}.*.changed.${index}`],
  }))
}

const exchangeNames = Array.from({ length: EXCHANGES }, (_, index) => `ex.entity${index}.topic`)

/** Line by line, as people and `warren spec init` write it. */
function specOf(vhost: string, queues: number): string {
  const all = numbered(queues)
  return [
    'name: large',
    'vhosts:',
    `  ${vhost}:`,
    '    exchanges:',
    ...exchangeNames.map((name) => `      ${name}: { type: topic }`),
    '    queues:',
    ...all.map(({ queue }) => `      ${queue}:\n        type: classic`),
    '    bindings:',
    ...all.map(
      ({ queue, exchange, keys }) =>
        `      - from: ${exchange}\n        toQueue: ${queue}\n        keys:\n${keys.map((key) => `          - '${key}'`).join('\n')}`,
    ),
    '    policies:',
    "      limit: { pattern: '^qu', applyTo: queues, definition: { max-length: 100000 } }",
    '',
  ].join('\n')
}

function definitionsOf(vhost: string, all: readonly Numbered[]): object {
  const durable = { vhost, durable: true, auto_delete: false, arguments: {} }
  return {
    vhosts: [{ name: vhost }],
    exchanges: exchangeNames.map((name) => ({ ...durable, name, type: 'topic', internal: false })),
    queues: all.map(({ queue }) => ({ ...durable, name: queue, arguments: { 'x-queue-type': 'classic' } })),
    bindings: all.flatMap(({ queue, exchange, keys }) =>
      keys.map((key) => ({
        vhost,
        source: exchange,
        destination: queue,
        destination_type: 'queue',
        routing_key: key,
        arguments: {},
      })),
    ),
    policies: [
      {
        vhost,
        name: 'limit',
        pattern: '^qu',
        'apply-to': 'queues',
        priority: 0,
        definition: { 'max-length': 100_000 },
      },
    ],
  }
}
