import { isClusterError } from '@warren/cluster'
import type { Cluster } from '@warren/cluster/local'
import { api } from '@warren/cluster/management'
import type { ManagementClient } from '@warren/cluster/management'
import { connect } from 'amqplib'
import type { ChannelModel } from 'amqplib'
import { inField } from './injected.ts'
import { fieldsOf } from './injected-store.ts'
import { injections } from './injections.ts'

/** A queue that all exchanges are bound to, and that all users consume. */
export const consumed = 'qu.order.all'
export const main = 'main'
export const password = 'right'

/** With what tells its field it has more than 255 bytes. */
export const tooLong = `${injections[0] ?? ''}${'x'.repeat(220)}`

/** What stands where a text does on the broker. Queues are those of the subscriptions that the store tells of. */
export const namesOf = (text: string) => ({
  ...{ queue: fieldsOf(text).queue, vhost: inField(text, 'vhost'), user: inField(text, 'user') },
  ...{ tag: inField(text, 'tag'), exchange: inField(text, 'exchange'), entity: inField(text, 'exchange entity') },
  ...{ route: inField(text, 'route'), argument: inField(text, 'argument'), policy: inField(text, 'policy') },
  ...{
    operator: inField(text, 'operator'),
    pattern: inField(text, 'pattern'),
    definition: inField(text, 'definition'),
  },
  ...{ consumer: inField(text, 'consumer'), connection: inField(text, 'connection'), shovel: inField(text, 'shovel') },
  ...{ elsewhere: inField(text, 'exchange elsewhere') },
})

export type Names = ReturnType<typeof namesOf>

const everything = { configure: '.*', write: '.*', read: '.*' }

/** By what it should have become: the text, and what the broker answers. */
export type Refusals = ReadonlyMap<string, readonly (readonly [text: string, answer: string])[]>

export interface InjectedBroker {
  readonly refused: Refusals
  readonly connections: readonly ChannelModel[]
}

/** Makes everything that has a name or says something, with each text: in the vhost `main`, and a vhost for each. */
export async function injectBroker(cluster: Cluster): Promise<InjectedBroker> {
  const client = cluster.managementClient()
  const refused = new Map<string, (readonly [string, string])[]>()
  const attempt = async (what: string, text: string, make: () => Promise<unknown>): Promise<boolean> => {
    try {
      await make()
      return true
    } catch (error) {
      const answer = isClusterError(error)
        ? `${String(error.details['status'])} ${String(error.details['reason'])}`
        : String(error)
      refused.set(what, [...(refused.get(what) ?? []), [text, answer]])
      return false
    }
  }
  const texts = [...injections, tooLong]
  await client.put(api`vhosts/${main}`)
  await client.put(api`permissions/${main}/${cluster.credentials.username}`, everything)
  // Before there are queues: each policy is tried on all of them.
  await Promise.all(texts.map((text) => declarePolicies(client, text, attempt)))
  await client.put(api`queues/${main}/${consumed}`, { durable: true })
  await Promise.all(texts.map((text) => declare(client, text, cluster.credentials.username, attempt)))
  const port = Number(new URL(cluster.amqpUrls[0] ?? '').port)
  const connections: ChannelModel[] = []
  await Promise.all(texts.map((text) => attempt('connection', text, () => consume(port, namesOf(text), connections))))
  return { refused, connections }
}

/** False when the broker does not take it. */
type Attempt = (what: string, text: string, make: () => Promise<unknown>) => Promise<boolean>

async function declarePolicies(client: ManagementClient, text: string, attempt: Attempt): Promise<void> {
  const { queue, policy, operator, pattern, definition } = namesOf(text)
  // Of its own queue alone: the name as it is. For the regular expressions of 3.10 a NUL is the end.
  const body = { pattern: `^\\Q${queue.replaceAll('\0', '\\E\\x00\\Q')}\\E$`, 'apply-to': 'queues' }
  const own = { 'dead-letter-exchange': definition, 'max-length': 5 }
  const put = (kind: 'policies' | 'operator-policies', name: string, more: object) =>
    client.put(api`${kind}/${main}/${name}`, { ...body, ...more })
  await attempt('policy', text, () => put('policies', policy, { definition: own, priority: 5 }))
  await attempt('operator policy', text, () => put('operator-policies', operator, { definition: { 'max-length': 10 } }))
  await attempt('pattern', text, () => put('policies', pattern, { pattern: text, definition: own }))
}

async function declare(client: ManagementClient, text: string, admin: string, attempt: Attempt): Promise<void> {
  const { queue, exchange, entity, route, argument, vhost, user, tag, shovel, elsewhere } = namesOf(text)
  const args = { [argument]: argument }
  const dead = { 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': argument }
  const isQueue = await attempt('queue', text, () =>
    client.put(api`queues/${main}/${queue}`, { durable: true, arguments: { ...args, ...dead } }),
  )
  for (const name of [exchange, `ex.${entity}.topic`]) {
    const body = { type: 'topic', durable: true, arguments: args }
    if (!(await attempt('exchange', text, () => client.put(api`exchanges/${main}/${name}`, body)))) continue
    for (const to of isQueue ? [queue, consumed] : [consumed])
      await attempt('binding', text, () =>
        client.post(api`bindings/${main}/e/${name}/q/${to}`, { routing_key: route, arguments: args }),
      )
  }
  const isVhost = await attempt('vhost', text, () => client.put(api`vhosts/${vhost}`))
  await attempt('user', text, () => client.put(api`users/${user}`, { password, tags: [tag, 'administrator'] }))
  for (const where of isVhost ? [main, vhost] : [main])
    for (const who of [user, admin])
      await attempt('permission', text, () => client.put(api`permissions/${where}/${who}`, everything))
  if (isVhost)
    await attempt('exchange', text, () => client.put(api`exchanges/${vhost}/${elsewhere}`, { type: 'fanout' }))
  const nowhere = 'amqp://127.0.0.1:1'
  const value = {
    'src-uri': nowhere,
    'src-queue': 'a',
    'dest-uri': nowhere,
    'dest-queue': 'b',
    'reconnect-delay': 3_600,
  }
  await attempt('shovel', text, () => client.put(api`parameters/shovel/${main}/${shovel}`, { value }))
}

/** As its own user: in `main` as a consumer, and in its own vhost. */
async function consume(port: number, names: Names, connections: ChannelModel[]): Promise<void> {
  const { user: username, vhost, connection: name, consumer: consumerTag } = names
  const clientProperties = { connection_name: name, product: name, platform: name, information: name }
  const address = { protocol: 'amqp', hostname: '127.0.0.1', port, username, password }
  const own = await connect({ ...address, vhost: encodeURIComponent(vhost) }, { clientProperties })
  const consumer = await connect({ ...address, vhost: main }, { clientProperties })
  for (const each of [own, consumer]) connections.push(each.on('error', () => undefined))
  await (await consumer.createChannel()).consume(consumed, () => undefined, { consumerTag })
}
