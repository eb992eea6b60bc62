import type { Cluster } from '@warren/cluster/local'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { privateCluster } from '../../../../../test/support/broker.ts'
import { startMonitor } from '../../../src/index.ts'
import type { NamedCluster } from '../../../src/index.ts'
import { asJson, chosen, inField, openGuarded, texts } from '../../support/injected.ts'
import type { Guarded } from '../../support/injected.ts'
import { consumed, injectBroker, main, namesOf, password, tooLong } from '../../support/injected-broker.ts'
import type { InjectedBroker, Names } from '../../support/injected-broker.ts'
import { fieldsOf, injectedStore } from '../../support/injected-store.ts'
import type { InjectedStore } from '../../support/injected-store.ts'
import { injections } from '../../support/injections.ts'

/** With all texts on pages of their own. */
const TIMEOUT_MS = 1_800_000

let cluster: Cluster
let broker: InjectedBroker
let injected: InjectedStore
beforeAll(async () => {
  injected = await injectedStore()
  cluster = await privateCluster({ nodes: 1, plugins: ['rabbitmq_shovel', 'rabbitmq_shovel_management'] })
  broker = await injectBroker(cluster)
}, TIMEOUT_MS)
afterAll(async () => {
  await Promise.all(broker.connections.map((connection) => connection.close()))
  await cluster.down()
  await injected.drop()
})

/** Of what the broker has taken. */
const allOf = (...keys: readonly (keyof Names)[]): readonly string[] =>
  injections.flatMap((text) => keys.filter((key) => !isRefused(key, text)).map((key) => namesOf(text)[key]))

function isRefused(key: keyof Names, text: string): boolean {
  const what = ['user', 'vhost', 'consumer', 'connection'].includes(key) ? 'connection' : key
  return (broker.refused.get(what) ?? []).some(([refused]) => refused === text)
}

/** The page that looks at these clusters. */
async function open(...clusters: readonly NamedCluster[]): Promise<Guarded> {
  const monitor = await startMonitor({ stores: [{ label: 'orders', store: injected.store }], clusters, port: 0 })
  onTestFinished(() => monitor.stop())
  return openGuarded(monitor)
}

const named = (name: string, vhost: string): NamedCluster => ({
  ...{ name, vhost },
  management: { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials },
})
const own = (): NamedCluster => named(main, main)

describe('whatever is on a broker is shown as text', () => {
  it('as far as the broker takes it', () => {
    const { refused } = broker
    const answerTo = (what: string, text: string): string =>
      refused.get(what)?.find(([each]) => each === text)?.[1] ?? 'taken'
    expect(answerTo('queue', tooLong)).toMatch(/^400 .*255 bytes/)
    expect(answerTo('connection', tooLong)).not.toBe('taken')
    // SASL's PLAIN ends a name at it.
    const [nul = ''] = injections.filter((text) => text.includes('\u0000'))
    expect(answerTo('connection', nul)).toMatch(/ECONNRESET|ACCESS_REFUSED/)
    const others = [...refused].flatMap(([what, texts]) =>
      texts.filter(([text]) => text !== tooLong && text !== nul).map(([text, answer]) => ({ what, text, answer })),
    )
    expect(others.map(({ what, text }) => [what, text.slice(0, 6)]).toSorted()).toEqual([
      ['pattern', '");win'],
      ['pattern', "');win"],
      ['pattern', '*/</st'],
      ['pattern', '\\u003c'],
    ])
    for (const { answer } of others) expect(answer).toMatch(/^400 .*should be regular expression but is invalid/s)
  })

  it('in lists', { timeout: TIMEOUT_MS }, async () => {
    const { shows } = await open(own())
    await shows('cluster', ...allOf('queue', 'policy', 'shovel'))
    const details = [...allOf('consumer', 'user', 'exchange', 'route'), ...allOf('argument').map(asJson)]
    await shows(`cluster/main/queues/${consumed}`, ...details)
    const policies = [...allOf('policy', 'operator', 'pattern', 'queue'), ...allOf('definition').map(asJson)]
    await shows('cluster/main/policies', ...policies)
    await shows('cluster/main/connections', ...allOf('connection', 'user', 'vhost'))
    await shows('cluster/main/graph', ...allOf('queue', 'exchange', 'entity', 'route'), ...texts.map(subscriptionOf))
    await shows('subscriptions/order.all', ...allOf('consumer', 'user'))
    await shows('', ...texts.map((text) => namesOf(text).queue))
  })

  it('in definitions, and in what they would do', { timeout: TIMEOUT_MS }, async () => {
    const others = injections.map((text) => named(inField(text, 'cluster'), namesOf(text).vhost))
    const { page, url, shows, isHarmless } = await open(own(), ...others)
    await shows('cluster/main/definitions', ...others.flatMap(({ name, vhost = '' }) => [name, vhost]))
    const buffer = Buffer.from(JSON.stringify(fileOf(injections)))
    await page
      .getByLabel('File of definitions')
      .setInputFiles({ name: `${injections[0] ?? ''}.json`, mimeType: '', buffer })
    await page.getByRole('button', { name: 'Show what it would do' }).first().click()
    await isHarmless(
      'the plan of a file',
      'It cannot be done:',
      ...injections.flatMap((text) => [
        ...['new', 'section'].map((field) => inField(text, field)),
        namesOf(text).queue,
      ]),
      ...injections.flatMap((text) =>
        [namesOf(text).definition, namesOf(text).argument, inField(text, 'after')].map(asJson),
      ),
    )
    // Sixty plans are made in a minute.
    for (const text of chosen.slice(0, 50)) {
      const { vhost, elsewhere } = namesOf(text)
      await page.getByLabel('From').selectOption(inField(text, 'cluster'))
      await page.getByRole('button', { name: 'Show what it would do' }).last().click()
      await isHarmless(`the plan of what comes from ${vhost}`, elsewhere)
      // As a file: nothing of a name gets into the header, and no browser shows it.
      const address = `${url}/api/clusters/${encodeURIComponent(inField(text, 'cluster'))}/definitions`
      const response = await page.request.get(address)
      expect(await response.text()).toContain(asJson(elsewhere))
      expect(response.headers()).toMatchObject({
        'content-disposition': expect.stringMatching(/^attachment; filename="[\w.-]+"$/) as unknown,
        'content-type': expect.stringMatching(/^application\/json/) as unknown,
        'x-content-type-options': 'nosniff',
      })
    }
  })

  it('on a page of its own, and in its address', { timeout: TIMEOUT_MS }, async () => {
    const [first = ''] = chosen
    const hostile = named(inField(first, 'cluster'), namesOf(first).vhost)
    const away = { ...named(inField(first, 'away'), main), management: { endpoints: ['http://a:b@127.0.0.1:1'] } }
    const { shows } = await open(own(), hostile, away)
    await shows('cluster', namesOf(first).vhost)
    await shows('', away.name)
    for (const page of ['graph', 'policies', 'connections', 'definitions'])
      await shows(`cluster/${encodeURIComponent(hostile.name)}/${page}`, hostile.name)
    for (const text of [...chosen, ...injections.filter((each) => each.includes('\u0000'))]) {
      const { queue, policy, operator, exchange, entity, route, argument, definition } = namesOf(text)
      const parts = [argument, definition].map(asJson)
      const told = [queue, policy, operator, exchange, route, ...parts]
      await shows(`cluster/main/queues/${encodeURIComponent(queue)}`, ...told)
      const asked = encodeURIComponent(text)
      await shows(`cluster/main/queues/${asked}`, `there is no queue "${text}" in vhost "main"`)
      const filter = `entity=${encodeURIComponent(entity)}&text=${encodeURIComponent(queue)}`
      await shows(`cluster/main/graph?${filter}`, entity, queue)
      await shows(`cluster/main/connections?filter=${asked}`)
      await shows(`cluster/${asked}/policies`, text)
    }
  })

  it('in the name of who is logged in', { timeout: TIMEOUT_MS }, async () => {
    const { page, shows, isHarmless } = await open(own())
    // Ten logins are let through in a minute.
    for (const text of chosen.slice(0, 8)) {
      const { user } = namesOf(text)
      const logout = page.getByRole('button', { name: 'Log out' })
      if (await logout.isVisible()) await logout.click()
      await page.getByLabel('With an account of RabbitMQ').check()
      await page.getByLabel('User name').fill(user)
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Log in' }).click()
      if (user.includes(':')) {
        // The broker takes a name with a colon, and HTTP has no way to send it.
        await isHarmless(user, 'the user name or the password is not right')
      } else {
        await logout.waitFor()
        await shows('cluster/main/definitions', user)
      }
    }
  })
})

const subscriptionOf = (text: string): string => fieldsOf(text).subscription

/** Definitions that would make something, change something, and be refused something. */
function fileOf(which: readonly string[]): object {
  const objects = which.map((text) => ({
    ...namesOf(text),
    fresh: inField(text, 'new'),
    after: inField(text, 'after'),
  }))
  const queue = (name: string) => ({ name, durable: true, auto_delete: false, arguments: {} })
  return {
    ...Object.fromEntries(which.map((text) => [inField(text, 'section'), [1]])),
    queues: objects.flatMap((each) => [queue(each.fresh), queue(each.queue)]),
    exchanges: objects.map((each) => ({ ...queue(each.fresh), type: 'topic', internal: false })),
    bindings: objects.map(({ fresh, exchange, after }) => ({
      ...{
        source: exchange,
        destination: fresh,
        destination_type: 'queue',
        routing_key: after,
        arguments: { [after]: after },
      },
    })),
    policies: objects.map(({ policy, after }) => ({
      ...{ vhost: main, name: policy, pattern: '^$', priority: 0, 'apply-to': 'queues' },
      definition: { 'dead-letter-exchange': after },
    })),
  }
}
