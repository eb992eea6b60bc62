import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isClusterError } from '../errors.ts'
import type { Value } from '../resources/value.ts'
import type { DefinitionsDocument } from './document.ts'
import { transformDefinitions, type Transforms } from './transform.ts'

const queue = (name: string, args: Value = {}, more: Value = {}): Value => ({
  ...{ name, vhost: 'shop', durable: true, auto_delete: false, arguments: args },
  ...more,
})
const policy = (name: string, pattern: string, definition: Value, more: Value = {}): Value => ({
  ...{ vhost: 'shop', name, pattern, 'apply-to': 'all', definition, priority: 0 },
  ...more,
})
const run = (document: DefinitionsDocument, transforms: Transforms) => {
  const { document: changed, notes } = transformDefinitions(document, transforms)
  return { document: changed, told: notes.map(({ rule, label, message }) => `${rule}: ${label}: ${message}`) }
}
const codeOf = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    return isClusterError(error) ? error.code : String(error)
  }
  return 'nothing was thrown'
}

describe('renaming vhosts', () => {
  const document = {
    vhosts: [{ name: 'shop' }, { name: '/' }],
    users: [{ name: 'shop', tags: [] }],
    permissions: [{ user: 'shop', vhost: 'shop', configure: '', write: '', read: '' }],
    topic_permissions: [{ user: 'shop', vhost: '/', exchange: 'x', write: '', read: '' }],
    parameters: [
      { vhost: 'shop', component: 'vhost-limits', name: 'limits', value: { 'max-queues': 1 } },
      { vhost: '/', component: 'shovel', name: 's', value: { 'src-uri': 'amqp://', 'dest-uri': ['amqp://n/shop'] } },
      { vhost: '/', component: 'federation-upstream', name: 'u', value: { uri: 'amqps://a:b@n/other?x=shop' } },
    ],
    global_parameters: [
      { name: 'cluster_name', value: 'shop' },
      { name: 'mqtt_port_to_vhost_mapping', value: { '1883': 'shop', '1884': 'other' } },
    ],
    policies: [policy('shop', 'shop', { 'dead-letter-exchange': 'shop' })],
    queues: [queue('shop', { 'x-dead-letter-exchange': 'shop' })],
    exchanges: [{ name: 'shop', vhost: 'shop', type: 'topic' }],
    bindings: [{ source: 'shop', vhost: 'shop', destination: 'shop', destination_type: 'queue', routing_key: 'shop' }],
    novel: [{ vhost: 'shop', of: 'a later version' }],
  }

  test('happens wherever an object says of which vhost it is, and nowhere else', () => {
    const { document: renamed, told } = run(document, { renameVhosts: { shop: 'store' } })
    expect(renamed).toEqual({
      ...document,
      vhosts: [{ name: 'store' }, { name: '/' }],
      permissions: [{ ...document.permissions[0], vhost: 'store' }],
      parameters: [{ ...document.parameters[0], vhost: 'store' }, document.parameters[1], document.parameters[2]],
      global_parameters: [
        document.global_parameters[0],
        { name: 'mqtt_port_to_vhost_mapping', value: { '1883': 'store', '1884': 'other' } },
      ],
      policies: [{ ...document.policies[0], vhost: 'store' }],
      queues: [{ ...document.queues[0], vhost: 'store' }],
      exchanges: [{ ...document.exchanges[0], vhost: 'store' }],
      bindings: [{ ...document.bindings[0], vhost: 'store' }],
      novel: [{ vhost: 'store', of: 'a later version' }],
    })
    expect(told).toEqual([expect.stringMatching(/^url-names-vhost: shovel "s" in vhost "\/": .*"shop"/)])
  })

  test('a URL without a vhost means the default one', () => {
    const { told } = run(document, { renameVhosts: { '/': 'root' } })
    expect(told).toEqual([expect.stringMatching(/^url-names-vhost: shovel "s" in vhost "root": .*"\/"/)])
  })

  test('and back again leaves what was there, whatever the names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 6 }), (names) => {
        const [first = '', second = ''] = names
        const some = {
          vhosts: names.map((name) => ({ name })),
          queues: names.map((vhost) => ({ ...queue('q'), vhost })),
        }
        const exchange = { renameVhosts: { [first]: second, [second]: first } }
        const there = transformDefinitions(some, exchange).document
        expect(there).not.toEqual(some)
        expect(transformDefinitions(there, exchange).document).toEqual(some)
      }),
    )
  })

  test.each([[{ shp: 'store' }], [{ shop: '/' }], [{ shop: '' }], [{ shop: 'one', '/': 'one' }]])(
    'refuses %j',
    (renameVhosts) => {
      expect(codeOf(() => run(document, { renameVhosts }))).toBe('TRANSFORM_INVALID')
    },
  )
})

describe('dropping users', () => {
  const document = {
    users: [{ name: 'a' }, { name: 'b' }],
    permissions: [
      { user: 'a', vhost: '/' },
      { user: 'b', vhost: '/' },
    ],
    topic_permissions: [{ user: 'a', vhost: '/', exchange: 'x' }],
    queues: [queue('a')],
  }

  test('takes their permissions along', () => {
    expect(run(document, { dropUsers: ['a'] }).document).toEqual({
      ...document,
      users: [{ name: 'b' }],
      permissions: [{ user: 'b', vhost: '/' }],
      topic_permissions: [],
    })
    const all = run(document, { dropUsers: 'all' })
    expect(all.document).toEqual({ ...document, users: [], permissions: [], topic_permissions: [] })
    expect(all.told).toEqual([expect.stringContaining('2 left out, with 3 permissions')])
  })

  test('refuses one that is not there', () => {
    expect(codeOf(() => run(document, { dropUsers: ['c'] }))).toBe('TRANSFORM_INVALID')
  })
})

describe('mirrored to quorum', () => {
  const quorum = { 'x-queue-type': 'quorum' }
  const five = { ...quorum, 'x-quorum-initial-group-size': 5 }
  test.each<[string, Value, number | undefined, Value]>([
    ['all of 3 nodes', { 'ha-mode': 'all' }, 3, quorum],
    ['all of 2 nodes', { 'ha-mode': 'all' }, 2, quorum],
    ['all of 5 nodes', { 'ha-mode': 'all' }, 5, five],
    ['all of 4 nodes', { 'ha-mode': 'all' }, 4, { ...quorum, 'x-quorum-initial-group-size': 4 }],
    ['all of nobody knows how many', { 'ha-mode': 'all' }, undefined, quorum],
    ['exactly 2', { 'ha-mode': 'exactly', 'ha-params': 2 }, 5, quorum],
    ['exactly 4', { 'ha-mode': 'exactly', 'ha-params': 4 }, 7, five],
    ['exactly 4 of 3 nodes', { 'ha-mode': 'exactly', 'ha-params': 4 }, 3, quorum],
    ['exactly 5 of nobody knows how many', { 'ha-mode': 'exactly', 'ha-params': 5 }, undefined, five],
    ['two nodes by name', { 'ha-mode': 'nodes', 'ha-params': ['rabbit@a', 'rabbit@b'] }, 3, quorum],
    ['no mirroring', { 'max-length': 5 }, 3, {}],
  ])('%s', (_, definition, nodes, args) => {
    const document = { queues: [queue('qu')], policies: [policy('p', '^qu', definition)] }
    const { document: changed } = run(document, { toQuorum: nodes === undefined ? {} : { nodes } })
    expect(changed['queues']).toEqual([queue('qu', args)])
  })

  test.each<[string, Value, Value, string?]>([
    ['without priorities', { 'x-max-priority': 5, 'x-max-length': 1 }, { 'x-max-length': 1 }, 'x-max-priority'],
    ['without a mode', { 'x-queue-mode': 'lazy' }, {}, 'x-queue-mode'],
    ['without a version', { 'x-queue-version': 2 }, {}, 'x-queue-version'],
    ['without its type', { 'x-queue-type': 'classic' }, {}],
    [
      'with another locator',
      { 'x-queue-master-locator': 'min-masters' },
      { 'x-queue-leader-locator': 'balanced' },
      'x-queue-leader-locator',
    ],
    [
      'without reject-publish-dlx',
      { 'x-overflow': 'reject-publish-dlx' },
      { 'x-overflow': 'reject-publish' },
      'nothing is dead-lettered',
    ],
  ])('%s', (_, args, left, told) => {
    const document = { queues: [queue('qu', args)], policies: [policy('p', 'qu', { 'ha-mode': 'all' })] }
    const result = run(document, { toQuorum: {} })
    expect(result.document['queues']).toEqual([queue('qu', { ...left, ...quorum })])
    const dropped = result.told.filter((line) => line.startsWith('argument-dropped'))
    expect(dropped).toEqual(told === undefined ? [] : [expect.stringContaining(told)])
  })

  test.each([{ exclusive: true }, { auto_delete: true }, { durable: false }])('not a queue that is %j', (more) => {
    const document = { queues: [queue('qu', {}, more)], policies: [policy('p', 'qu', { 'ha-mode': 'all' })] }
    const { document: changed, told } = run(document, { toQuorum: {} })
    expect(changed['queues']).toEqual(document.queues)
    expect(told).toContainEqual(expect.stringMatching(/^stays-classic.*"qu"/))
  })

  test('only where the policy that counts mirrors', () => {
    const document = {
      queues: [
        queue('qu.a'),
        queue('qu.b'),
        { ...queue('qu.a'), vhost: 'other' },
        queue('qu.s', { 'x-queue-type': 'stream' }),
      ],
      policies: [policy('all', '^qu', { 'ha-mode': 'all' }), policy('b', 'b$', { 'max-length': 1 }, { priority: 1 })],
    }
    const { document: changed } = run(document, { toQuorum: {} })
    expect(changed['queues']).toEqual([queue('qu.a', quorum), ...document.queues.slice(1)])
  })

  test('policies lose the keys of mirroring, and go when nothing is left', () => {
    const document = {
      policies: [
        policy('only', 'a', { 'ha-mode': 'all', 'ha-sync-mode': 'automatic', 'queue-mode': 'lazy' }),
        policy('more', 'b', {
          'ha-mode': 'all',
          'queue-master-locator': 'min-masters',
          overflow: 'reject-publish-dlx',
        }),
        policy('typed', 'c', { 'ha-mode': 'all', expires: 1 }, { 'apply-to': 'classic_queues' }),
        policy('other', 'd', { 'queue-mode': 'lazy' }),
      ],
      parameters: [
        {
          vhost: 'shop',
          component: 'operator_policy',
          name: 'op',
          value: policy('', 'a', { 'ha-mode': 'all', expires: 1 }),
        },
        { vhost: 'shop', component: 'shovel', name: 's', value: {} },
      ],
    }
    const { document: changed } = run(document, { toQuorum: {} })
    expect(changed).toEqual({
      policies: [
        policy('more', 'b', { 'queue-leader-locator': 'balanced', overflow: 'reject-publish' }),
        policy('typed', 'c', { expires: 1 }, { 'apply-to': 'queues' }),
        policy('other', 'd', { 'queue-mode': 'lazy' }),
      ],
      parameters: [
        { vhost: 'shop', component: 'operator_policy', name: 'op', value: policy('', 'a', { expires: 1 }) },
        { vhost: 'shop', component: 'shovel', name: 's', value: {} },
      ],
    })
  })

  const shadow = policy('ha', '.*', { 'ha-mode': 'all' }, { priority: 10 })
  test.each<[string, Value, string]>([
    [
      'a limit of a queue',
      policy('limit', '^qu', { 'max-length': 5 }),
      'queue "qu", which "ha" shadowed: {"max-length":5}',
    ],
    [
      'a federated exchange',
      policy('f', '^ex', { 'federation-upstream-set': 'all' }),
      'exchange "ex", which "ha" shadowed',
    ],
  ])('tells that a policy that was shadowed counts now: %s', (_, other, told) => {
    const document = { queues: [queue('qu')], exchanges: [{ vhost: 'shop', name: 'ex' }], policies: [shadow, other] }
    const shifts = run(document, { toQuorum: {} }).told.filter((line) => line.startsWith('policy-c'))
    expect(shifts).toEqual([expect.stringContaining(told)])
  })

  test('tells nothing of the kind where the policy stays, with the keys that are left', () => {
    const keeps = policy('ha', '.*', { 'ha-mode': 'all', 'max-length': 9 }, { priority: 10 })
    const document = { queues: [queue('qu')], policies: [keeps, policy('limit', '^qu', { 'max-length': 5 })] }
    expect(
      run(document, { toQuorum: {}, forVersion: '4.3' }).told.filter((line) => line.startsWith('policy-c')),
    ).toEqual([])
  })

  test('the file of one vhost, of which 3.10 names the vhost at policies alone', () => {
    const { vhost: _, ...nameless } = queue('qu')
    const document = { queues: [nameless], policies: [policy('ha', 'qu', { 'ha-mode': 'all' })] }
    expect(run(document, { toQuorum: {} }).document).toEqual({
      queues: [{ ...nameless, arguments: quorum }],
      policies: [],
    })
  })

  test('leaves no key of mirroring and no argument that a quorum queue is refused with, whatever there was', () => {
    const keys = ['ha-mode', 'ha-sync-mode', 'max-length', 'queue-mode', 'overflow']
    const args = ['x-max-priority', 'x-queue-mode', 'x-queue-version', 'x-queue-master-locator', 'x-expires']
    const some = (names: string[]) =>
      fc.subarray(names).map((chosen) => Object.fromEntries(chosen.map((key) => [key, 'all'])))
    const queues = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'ab'), some(args), fc.boolean()), { maxLength: 5 })
    const policies = fc.array(fc.tuple(fc.constantFrom('a', 'b', '.'), some(keys), fc.integer({ min: 0, max: 3 })))
    fc.assert(
      fc.property(queues, policies, (someQueues, somePolicies) => {
        const document = {
          queues: someQueues.map(([name, given, durable], index) => queue(`${name}${index}`, given, { durable })),
          policies: somePolicies.map(([pattern, definition, priority], index) =>
            policy(`p${index}`, pattern, definition, { priority }),
          ),
        }
        const text = JSON.stringify(run(document, { toQuorum: {} }).document)
        expect(text).not.toContain('"ha-')
        expect(text).not.toMatch(
          /x-(max-priority|queue-mode|queue-version|queue-master-locator)[^{}]*"x-queue-type":"quorum"/,
        )
      }),
    )
  })
})

describe('for a version', () => {
  test.each<[string, Value, Value | undefined, string]>([
    ['4.0.1', { 'ha-mode': 'all', expires: 1 }, { expires: 1 }, 'ended with 4.0'],
    ['4.0.1', { 'ha-mode': 'all' }, undefined, 'unless --to-quorum'],
    ['3.10.8', { 'consumer-timeout': 1, expires: 1 }, { expires: 1 }, 'needs RabbitMQ 3.12'],
    ['4.2.0', { 'delayed-retry-type': 'all', expires: 1 }, { expires: 1 }, 'needs RabbitMQ 4.3'],
    ['4.3.0', { 'queue-master-locator': 'random', expires: 1 }, { expires: 1 }, 'ended with 4.3'],
    ['4.3.0', { 'max-priority': 1, 'of-a-plugin': 1 }, { 'of-a-plugin': 1 }, 'no broker knows'],
  ])('%s: %j becomes %j', (version, definition, left, why) => {
    const document = { policies: [policy('p', 'a', definition)] }
    const { document: changed, told } = run(document, { forVersion: version })
    expect(changed['policies']).toEqual(left === undefined ? [] : [policy('p', 'a', left)])
    expect(told[0]).toMatch(/^key-dropped: policy "p" in vhost "shop": /)
    expect(told[0]).toContain(why)
  })

  test('an operator policy keeps what one may hold there', () => {
    const operator = (definition: Value): Value => ({
      parameters: [{ vhost: 'shop', component: 'operator_policy', name: 'o', value: policy('', 'qu', definition) }],
    })
    const document = {
      queues: [queue('qu')],
      ...operator({ overflow: 'reject-publish', expires: 1 }),
    }
    const old = run(document, { forVersion: '3.10' })
    expect(old.document).toEqual({ ...document, ...operator({ expires: 1 }) })
    expect(old.told).toEqual([
      expect.stringMatching(/^key-dropped: operator-policy "o" .* of an operator policy needs RabbitMQ 3\.12\.7/),
      'policy-counts-otherwise: operator-policy "o" in vhost "shop": what counts for the queue "qu" is {"expires":1} now, and was {"overflow":"reject-publish","expires":1}',
    ])
    expect(run(document, { forVersion: '4.0' })).toEqual({ document, told: [] })
    const same = { policies: [policy('p', 'qu', { overflow: 'reject-publish' })] }
    expect(run(same, { forVersion: '3.10' })).toEqual({ document: same, told: [] })
  })

  test('tells which policies count there, and do not here', () => {
    const definition = { 'message-ttl': 5, 'max-in-memory-length': 9 }
    const document = {
      rabbitmq_version: '3.10.8',
      queues: [queue('qu'), queue('q', { 'x-queue-type': 'quorum' })],
      policies: [policy('p', '^q', definition), policy('next', '^q', { expires: 1 }, { priority: -1 })],
    }
    const counting = (given: DefinitionsDocument, transforms: Transforms) =>
      run(given, transforms).told.map((line) => line.split(': ', 2).join(': '))
    expect(counting(document, { forVersion: '4.3' })).toEqual(['policy-comes-alive: policy "next" in vhost "shop"'])
    expect(counting({ ...document, policies: document.policies.slice(0, 1) }, { forVersion: '4.3' })).toEqual([
      'policy-counts-otherwise: policy "p" in vhost "shop"',
    ])
    expect(counting(document, { forVersion: '3.13' })).toEqual([])
    expect(counting({ ...document, rabbitmq_version: '4.3.6' }, { forVersion: '4.3' })).toEqual([])
    expect(counting(document, { toQuorum: {} })).toEqual([])
  })

  test('reads a list of pairs, widens a target that is not known there, and leaves out what 4.3 drops in silence', () => {
    const value = { ...policy('', 'a', {}), definition: [['expires', 1]] }
    const document = { parameters: [{ vhost: 'shop', component: 'operator_policy', name: 'o', value }] }
    expect(run(document, { forVersion: '4.1' }).document['parameters']).toEqual([
      { vhost: 'shop', component: 'operator_policy', name: 'o', value: policy('', 'a', { expires: 1 }) },
    ])
    const typed = { policies: [policy('p', 'a', { expires: 1 }, { 'apply-to': 'quorum_queues' })] }
    expect(run(typed, { forVersion: '3.10' }).document['policies']).toEqual([
      policy('p', 'a', { expires: 1 }, { 'apply-to': 'queues' }),
    ])
    expect(run(typed, { forVersion: '4.3' })).toEqual({ document: typed, told: [] })
    const located = { queues: [queue('qu', { 'x-queue-master-locator': 'random' })] }
    expect(run(located, { forVersion: '4.3' }).document['queues']).toEqual([queue('qu')])
    expect(run(located, { forVersion: '4.2' }).document).toEqual(located)
  })
})

test('nothing asked for, nothing changed', () => {
  const document = { queues: [queue('qu')], policies: [policy('p', '.', { 'ha-mode': 'all' })], novel: 1 }
  expect(run(document, {})).toEqual({ document, told: [] })
})
