import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { api } from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { sharedCluster } from '../../../../test/support/broker.ts'
import { startWarren, warren } from '../support/run.ts'
import { type StallOptions, startStallingProxy } from '../support/stalling-proxy.ts'

const names = ['crm', 'warehouse', 'loyalty', 'search', 'mail', 'audit', 'billing', 'fraud']
const steps = 9 + 2 * names.length + names.length

/** As JSON, which is YAML too. */
function specOf(scope: string): string {
  const each = <T>(of: (name: string) => T): [string, T][] => names.map((name) => [`qu.order.${name}`, of(name)])
  return JSON.stringify({
    name: scope,
    globalParameters: { [scope]: { owner: 'shop' } },
    users: { [scope]: { tags: ['monitoring'], password: { env: 'USER_PASSWORD' } } },
    vhosts: {
      [scope]: {
        limits: { 'max-queues': 100 },
        permissions: { [scope]: { configure: '', write: '^ex', read: '^qu' } },
        topicPermissions: { [scope]: { 'ex.order.topic': { write: '^order', read: '.*' } } },
        policies: { short: { pattern: '^qu', applyTo: 'queues', definition: { 'max-length': 1000 } } },
        operatorPolicies: { cap: { pattern: '.*', definition: { 'message-ttl': 60_000 } } },
        exchanges: {
          'ex.order.topic': { type: 'topic' },
          ...Object.fromEntries(names.map((name) => [`ex.${name}`, { type: 'fanout' }])),
        },
        queues: Object.fromEntries(each((name) => ({ type: name === 'audit' ? 'quorum' : 'classic' }))),
        bindings: each((name) => ({
          from: 'ex.order.topic',
          toQueue: `qu.order.${name}`,
          keys: [`order.${name}.#`],
        })).map(([, binding]) => binding),
      },
    },
  })
}

let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster()
})

// The record of what the spec owns is the first write, so a write more than steps are made.
test.each<StallOptions & { readonly made: number }>([
  { writes: 8, next: 'lost', made: 7 },
  { writes: 25, next: 'made', made: 25 },
])(
  'killed after $writes writes, the next one $next, apply ends with an empty plan when it is run again',
  async ({ made, ...stall }) => {
    const client = cluster.managementClient()
    const url = cluster.nodes[0]!.managementUrl
    const { username, password } = cluster.credentials
    const env = { WARREN_MANAGEMENT_USER: username, WARREN_MANAGEMENT_PASSWORD: password, USER_PASSWORD: 'of the shop' }
    const scope = `killed-${randomUUID().slice(0, 8)}`
    const cwd = await mkdtemp(join(tmpdir(), 'warren-killed-'))
    onTestFinished(async () => {
      await rm(cwd, { recursive: true, force: true })
      const paths = [api`vhosts/${scope}`, api`users/${scope}`, api`global-parameters/${scope}`]
      for (const path of [...paths, api`global-parameters/${`warren.owned.${scope}`}`]) {
        await client.delete(path).catch(() => undefined)
      }
    })
    await writeFile(join(cwd, 'warren.yaml'), specOf(scope))
    const run = (...args: string[]) => warren([...args, '--url', url], { cwd, env })

    const proxy = await startStallingProxy(url, stall)
    onTestFinished(() => proxy.close())
    const child = startWarren(['apply', '--yes', '--url', proxy.url], { cwd, env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let told = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += String(chunk)))
    const ended = once(child, 'exit')
    await Promise.race([proxy.stalled, ended.then(() => expect.unreachable(`it ended before: ${told}`))])
    child.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])

    const left = (await run('plan', '--json')).json() as { readonly steps: readonly unknown[] }
    expect(left.steps).toHaveLength(steps - made)
    const again = await run('apply', '--yes')
    expect([again.stdout, again.code]).toEqual([`${steps - made} of ${steps - made} steps done\n`, 0])
    const plan = await run('plan', '--json')
    expect([plan.json(), plan.code]).toMatchObject([{ steps: [], orphans: [] }, 0])
    // What the killed one made is the spec's as well: all of it goes when nothing is named any more.
    await writeFile(join(cwd, 'warren.yaml'), JSON.stringify({ name: scope }))
    const { orphans } = (await run('plan', '--json')).json() as {
      readonly orphans: readonly { readonly kind: string }[]
    }
    expect(orphans.map(({ kind }) => kind).toSorted()).toEqual(['global-parameter', 'user', 'vhost'])
  },
  // Five processes of the command.
  180_000,
)
