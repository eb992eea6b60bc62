import { randomUUID } from 'node:crypto'
import { apply, driftIn, fetchPasswords, makePlan, type Plan, type Spec } from '@warren/cluster'
import { api, isAtLeast, type ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import type { Cluster } from '@warren/cluster/local'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
  // Of feature flags see the end of this file.
  const expected = kinds.map(({ kind }) => kind).filter((kind) => kind !== 'feature-flag')
  expect([...new Set(cases.map(({ kind }) => kind))].toSorted()).toEqual(expected.toSorted())
})

const titled = cases.map((each) => ({
  ...each,
  title: each.about === undefined ? each.kind : `${each.kind}, ${each.about}`,
}))

describe.each(titled)('$title', ({ kind, since = '0', ground, spec: specOf, change, replace, remove }) => {
  const scope = `c-${randomUUID().slice(0, 8)}`
  const name = `spec-${scope}`
  const spec: Spec = { name, ...specOf(scope) }
  const isCluster = kind === 'cluster-name'

  beforeEach(({ skip }) => skip(!isAtLeast(cluster.version, since), `from RabbitMQ ${since}`))
  afterAll(async () => {
    await client.delete(api`vhosts/${scope}`).catch(() => undefined)
    await client.delete(api`users/${scope}`).catch(() => undefined)
  })

  test('is made, and then there is no drift and nothing to write', async () => {
    const { plan, results } = await applied(spec)
    expect(plan.steps.map((step) => step.kind)).toContain(kind)
    expect(results).toEqual(plan.steps.map(() => 'done'))
    await expectSettled()
  })

  if (change !== undefined)
    test('changed by hand, is found and mended', async () => {
      await change(client, scope)
      const [drifted, ...others] = driftIn(await planOf(spec))
      expect(drifted).toMatchObject({ action: 'update', kind })
      expect(drifted!.changes).not.toEqual([])
      expect(others).toEqual([])
      const { plan } = await applied(spec)
      expect(plan.steps.map(({ action, label }) => [action, label])).toEqual([['update', drifted!.label]])
      await expectSettled()
    })

  if (replace !== undefined)
    test('another thing by hand, is found and left to a person', async () => {
      await replace(client, scope)
      const drift = driftIn(await planOf(spec))
      expect(drift).toMatchObject([
        { action: 'replace', kind, wayOut: expect.stringContaining('apply again') as string },
      ])
      expect(drift[0]!.changes).not.toEqual([])
      seen.length = 0
      await expect(applied(spec)).rejects.toMatchObject({ code: 'PLAN_BLOCKED' })
      expect(writes()).toEqual([])
      await remove?.(client, scope)
      await applied(spec)
      await expectSettled()
    })

  if (remove !== undefined)
    test('removed by hand, is found and mended', async () => {
      await remove(client, scope)
      expect(driftIn(await planOf(spec)).map((step) => step.kind)).toContain(kind)
      const { plan } = await applied(spec)
      expect(plan.steps.map((step) => step.kind)).toContain(kind)
      await expectSettled()
    })

  if (!isCluster)
    test('taken out of the spec, stays until it is pruned, and is then gone for good', async () => {
      const { vhosts = {} } = spec
      const isItself = kind === 'vhost' || kind === 'user' || kind === 'user-limits'
      const less: Spec = {
        name,
        ...(isItself || spec.users === undefined ? {} : { users: spec.users }),
        ...(isItself || spec.vhosts === undefined
          ? {}
          : { vhosts: Object.fromEntries(Object.keys(vhosts).map((vhost) => [vhost, ground ?? {}])) }),
      }
      const before = await applied(less)
      expect(before.plan.steps).toEqual([])
      expect(before.plan.orphans.map((step) => step.kind)).toContain(kind === 'user-limits' ? 'user' : kind)
      if (vhosts[scope]?.isProtected === true) {
        seen.length = 0
        await expect(applied(less, true)).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
        expect(writes()).toEqual([])
        await client.delete(api`vhosts/${scope}/deletion/protection`)
      }
      const { plan } = await applied(less, true)
      expect(plan.steps.every(({ action }) => action === 'delete')).toBe(true)
      const after = await planOf(less)
      expect([...after.steps, ...after.orphans]).toEqual([])
      expect((await planOf(spec)).steps.map((step) => step.kind)).toContain(kind)
    })

  /** No drift, an empty plan, and an apply that writes nothing. */
  async function expectSettled(): Promise<void> {
    const plan = await planOf(spec)
    expect(driftIn(plan)).toEqual([])
    seen.length = 0
    expect(described((await applied(spec)).plan)).toEqual([])
    expect(writes()).toEqual([])
  }
})

// They cannot be switched off, so there is nothing that could drift. A new broker has all stable ones.
describe('feature-flag', () => {
  test('every stable one is enabled on a new broker', async () => {
    expect(described(await planOf({ name: 'flags', featureFlags: 'stable' }))).toEqual([])
  })

  // The last of this file: what comes after it has another metadata store.
  test('one that is named is enabled, and stays', async ({ skip }) => {
    const flag = 'khepri_db'
    const { broker } = await planOf({ name: 'flags' })
    skip(broker.featureFlags?.get(flag)?.state !== 'disabled', 'no flag is disabled here')
    const spec: Spec = { name: 'flags', featureFlags: [flag] }
    const { plan } = await applied(spec)
    expect(described(plan)).toMatchObject([{ action: 'update', label: `feature-flag "${flag}"` }])
    expect(described(await planOf(spec))).toEqual([])
    expect((await planOf(spec)).broker.metadataStore).toBe('khepri')
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

function writes(): readonly ObservedRequest[] {
  return seen.filter(({ method }) => method !== 'GET')
}

function described(plan: Plan): readonly unknown[] {
  return plan.steps.map(({ action, label, changes }) => ({ action, label, changes }))
}
