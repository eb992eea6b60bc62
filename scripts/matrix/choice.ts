import { join, normalize } from 'node:path/posix'
import { UsageError } from './options.ts'

/** Among these are the tests that run on every version. */
export const candidates: readonly string[] = [
  'packages/{bus,cluster}/test/**/*.test.ts',
  'packages/cli/test/apply-killed.test.ts',
  'examples/shop/test/spec.test.ts',
]

/** Where a test gets its broker from: what imports it, directly or not, needs one; so does what starts a cluster itself. */
const BROKER = 'test/support/broker.ts'
const STARTS = /\b(?:startCluster|shareCluster)\b/

/**
 * Where versions of RabbitMQ differ: clusters and their tools, the management API, every kind of resource and what policies do,
 * definitions, arguments of queues, delivery counts and limits, dead letters, what the broker says before it closes a channel,
 * failover.
 */
export const shortList: readonly string[] = [
  'packages/cluster/test/long/cluster.test.ts',
  'packages/cluster/test/definitions.test.ts',
  'packages/cluster/test/management.test.ts',
  'packages/cluster/test/resources/conformance.test.ts',
  'packages/bus/test/amqp/consumer.test.ts',
  'packages/bus/test/amqp/failover.test.ts',
  'packages/bus/test/amqp/publisher.test.ts',
  'packages/bus/test/amqp/topology.test.ts',
  'packages/bus/test/receive.test.ts',
  'examples/shop/test/spec.test.ts',
]

/** Those of the test files that need a broker. `read` returns a file's text, or undefined if there is none. */
export function brokerTests(files: readonly string[], read: (path: string) => string | undefined): string[] {
  const known = new Map<string, boolean>([[BROKER, true]])
  const needsBroker = (file: string): boolean => {
    const answer = known.get(file)
    if (answer !== undefined) return answer
    // Files that import each other: not by this way.
    known.set(file, false)
    const text = read(file) ?? ''
    const needs = STARTS.test(text) || importsOf(file, text).some(needsBroker)
    known.set(file, needs)
    return needs
  }
  return files.filter(needsBroker)
}

/**
 * Those files that are one of the paths or lie in one, all of them without paths. Throws UsageError for a path that chooses none.
 */
export function chosen(files: readonly string[], paths: readonly string[]): string[] {
  if (paths.length === 0) return [...files]
  const wanted = paths.map((path) => normalize(path).replace(/\/$/, ''))
  const isIn = (file: string, path: string) => file === path || file.startsWith(`${path}/`) || path === '.'
  for (const path of wanted) {
    if (!files.some((file) => isIn(file, path))) throw new UsageError(`${path}: no test that needs a broker is there`)
  }
  return files.filter((file) => wanted.some((path) => isIn(file, path)))
}

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/\bfrom '(\.[^']+\.ts)'/g)].map((match) => join(file, '..', match[1] ?? ''))
}
