import { randomUUID } from 'node:crypto'
import { apply, fetchPasswords, makePlan, type Plan, type Spec } from '@warren/cluster'
import { api, type ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'
import { kinds } from '../../src/resources/registry.ts'
import { cases } from './cases.ts'

let cluster: Cluster
let client: ManagementClient
const seen: ObservedRequest[] = []

// Cluster name, feature flags and plugins are of the whole broker.
beforeAll(async () => {
  cluster = await privateCluster({ nodes: 1, plugins: ['rabbitmq_shovel', 'rabbitmq_federation'] })
  client = cluster.managementClient({ onRequest: (request) => void seen.push(request) })
})
afterAll(() => cluster.down())

test('has a case for every kind', () => {
  // A feature flag cannot be switched off, so there is nothing that could drift.
  const expected = kinds.map(({ kind }) => kind).filter((kind) => kind !== 'feature-flag')
  expect(cases.map(({ kind }) => kind).toSorted()).toEqual(expected.toSorted())
})

describe.each(cases)('$kind', ({ kind, spec: specOf, change, remove }) => {
  const scope = `c-${randomUUID().slice(0, 8)}`
  const name = `spec-${scope}`
  const spec: Spec = { name, ...specOf(scope) }
  const isCluster = kind === 'cluster-name'

  afterAll(async () => {
    await client.delete(api`vhosts/${scope}`).catch(() => undefined)
    await client.delete(api`users/${scope}`).catch(() => undefined)
  })

  test('is made, and then the plan is empty and applying it writes nothing', async () => {
    const { plan, results } = await applied(spec)
    expect(plan.steps.map((step) => step.kind)).toContain(kind)
    expect(results).toEqual(plan.steps.map(() => 'done'))
    seen.length = 0
    expect(described((await applied(spec)).plan)).toEqual([])
    expect(seen.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  test.runIf(change !== undefined)('changed by hand, is found and mended', async () => {
    await change?.(client, scope)
    const { plan } = await applied(spec)
    expect(plan.steps.map(({ action, kind: of }) => [action, of])).toEqual([['update', kind]])
    expect(plan.steps[0]!.changes).not.toEqual([])
    expect(described(await planOf(spec))).toEqual([])
  })

  test.runIf(remove !== undefined)('removed by hand, is found and mended', async () => {
    await remove?.(client, scope)
    const { plan } = await applied(spec)
    expect(plan.steps.map((step) => step.kind)).toContain(kind)
    expect(described(await planOf(spec))).toEqual([])
  })

  test.skipIf(isCluster)('taken out of the spec, stays until it is pruned, and is then gone for good', async () => {
    const { vhosts = {} } = spec
    const ground = cases.find((each) => each.kind === kind)?.ground ?? {}
    const isItself = kind === 'vhost' || kind === 'user' || kind === 'user-limits'
    const less: Spec = {
      name,
      ...(isItself || spec.users === undefined ? {} : { users: spec.users }),
      ...(isItself || spec.vhosts === undefined
        ? {}
        : { vhosts: Object.fromEntries(Object.keys(vhosts).map((vhost) => [vhost, ground])) }),
    }
    const before = await applied(less)
    expect(before.plan.steps).toEqual([])
    expect(before.plan.orphans.map((step) => step.kind)).toContain(kind === 'user-limits' ? 'user' : kind)
    const { plan } = await applied(less, true)
    expect(plan.steps.every(({ action }) => action === 'delete')).toBe(true)
    const after = await planOf(less)
    expect([...after.steps, ...after.orphans]).toEqual([])
    expect((await planOf(spec)).steps.map((step) => step.kind)).toContain(kind)
    onTestFinished(() => void seen.splice(0))
  })
})

async function planOf(spec: Spec, prune = false): Promise<Plan> {
  const passwords = await fetchPasswords(spec, { env: {}, folder: '.' })
  return (await makePlan(client, spec, passwords, { prune })).plan
}

async function applied(spec: Spec, prune = false): Promise<{ plan: Plan; results: string[] }> {
  const plan = await planOf(spec, prune)
  const { results } = await apply(client, plan)
  for (const result of results) if (result.kind === 'failed') throw result.error
  return { plan, results: results.map((result) => result.kind) }
}

function described(plan: Plan): readonly unknown[] {
  return plan.steps.map(({ action, label, changes }) => ({ action, label, changes }))
}
