import type { Findings, Store } from '@warren/bus'
import { sqliteStore } from '@warren/bus/sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { id } from '../../../cli/test/support/fill.ts'
import { inField, texts } from './injected.ts'

/** Takes every event, has failed at each, and misses each: its page shows all texts at once. */
export const taker = 'order.all'
/** An event that every subscription has failed at. */
export const shared = id(900)
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** What stands where a text does. One field, one name, so that each is known again wherever it is shown. */
export const fieldsOf = (text: string) => ({
  // Of an event.
  ...{ event: inField(text, 'event'), entity: inField(text, 'entity'), source: inField(text, 'source') },
  ...{ key: inField(text, 'key'), value: inField(text, 'value'), header: inField(text, 'header') },
  ...{ outboxError: inField(text, 'outbox') },
  // Of a subscription.
  ...{ subscription: inField(text, 'subscription'), service: inField(text, 'service'), queue: inField(text, 'queue') },
  ...{ pattern: inField(text, 'pattern'), retired: inField(text, 'retired') },
  ...{ catalog: inField(text, 'catalog') },
  // Of its failure.
  ...{ type: inField(text, 'type'), message: inField(text, 'message'), code: inField(text, 'code') },
  ...{ stack: inField(text, 'stack'), fingerprint: inField(text, 'fingerprint') },
  ...{ ordered: inField(text, 'ordered'), blocker: inField(text, 'blocker'), edited: inField(text, 'edited') },
  ...{ resendError: inField(text, 'resend'), breaker: inField(text, 'breaker') },
  // Of what people do.
  ...{ actor: inField(text, 'actor'), action: inField(text, 'action'), cluster: inField(text, 'cluster') },
  ...{ about: inField(text, 'about'), pauser: inField(text, 'pauser'), editor: inField(text, 'editor') },
  ...{ setter: inField(text, 'setter'), closer: inField(text, 'closer') },
  ...{ retirer: inField(text, 'retirer'), watch: inField(text, 'watch'), watcher: inField(text, 'watcher') },
})

export type Fields = ReturnType<typeof fieldsOf>

export const allOf = (...keys: readonly (keyof Fields)[]): readonly string[] =>
  texts.flatMap((text) => keys.map((key) => fieldsOf(text)[key]))

export interface InjectedStore {
  readonly store: Store
  readonly drop: () => Promise<void>
}

/** A publisher and a subscriber in one, with each text in every field that comes from outside. */
export async function injectedStore(): Promise<InjectedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-page-'))
  const store = sqliteStore({ path: join(folder, 'store.db') })
  await store.start()
  await subscribe(store, { name: taker, service: 'all', queue: 'qu.order.all', patterns: ['#'] })
  await publish(store, shared, { entity: 'shared', event: 'order.shared', source: 'shop' })
  for (const [index, text] of texts.entries()) await fill(store, id(index + 1), fieldsOf(text))
  return {
    store,
    drop: async () => {
      await store.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function fill(store: Store, messageId: string, fields: Fields): Promise<void> {
  const { subscription, service, queue, pattern, retired, actor, action, watch, cluster, about } = fields
  await publish(store, messageId, fields)
  await store.outbox.reschedule([{ id: messageId, state: 'unpublishable', delayMs: 0, error: fields.outboxError }])
  await subscribe(store, { name: subscription, service, queue, patterns: [pattern, fields.event, fields.catalog] })
  await subscribe(store, { name: retired, service, queue, patterns: [pattern] })
  await store.reconciliation.registry.retire(retired, fields.retirer)
  await store.reconciliation.proof.setBreaker(subscription, { cause: 'share', reason: fields.breaker })
  await store.reconciliation.compensation.set(subscription, { minMissing: 1 }, fields.setter)
  await store.reconciliation.compensation.order(subscription, 'close', fields.closer)

  await fail(store, subscription, messageId, fields)
  await fail(store, subscription, shared, fields)
  await fail(store, taker, messageId, fields)
  // An entity whose second event waits for the first one, which has failed.
  const [first, second] = [`a${messageId.slice(1)}`, `b${messageId.slice(1)}`]
  const orderKey = `order/${fields.ordered}`
  await fail(store, subscription, first, { ...fields, message: fields.blocker }, { orderKey, sequence: 1, needs: 0 })
  const waiting = { ...fields, code: 'ORDER_BLOCKED' }
  await fail(store, subscription, second, waiting, { orderKey, sequence: 2, needs: 1 })

  await record(store, { suspects: [{ id: messageId, name: fields.event }] })
  await record(store, { absent: [{ id: messageId, cause: 'removed', evidence: {} }] })
  await store.reconciliation.missing.failed(taker, [messageId], fields.resendError)

  // Changed by a person: what was there before is shown beside it.
  const edit = { original: payloadOf(fields), edited: JSON.stringify({ [fields.key]: [fields.edited] }) }
  await store.failures.edit({ subscription, messageId }, edit, fields.editor)
  await store.subscriptions.pause(subscription, fields.pauser)
  const alarm = { maxMissing: 0, maxParked: 0, maxUnhandledMs: 1 }
  const limits = { fromMs: null, toMs: null, alarm, compensation: 'off' as const }
  const filter = { name: watch, patterns: ['#'], entityIds: [fields.entity] }
  await store.watches.save({ ...filter, ...limits }, fields.watcher)
  await store.actions.write({ actor, action, subscription, messageId, details: { text: action } })
  const details = { run: 'r', cluster, vhost: cluster, about: [about], outcome: 'done' }
  await store.actions.write({ actor, action, subscription: null, messageId: null, details })
}

function payloadOf({ key, value }: Pick<Fields, 'key' | 'value'>): string {
  return JSON.stringify({ [key]: value })
}

async function publish(
  store: Store,
  messageId: string,
  fields: Pick<Fields, 'event' | 'entity' | 'source'> & Partial<Fields>,
): Promise<void> {
  const { event: name, entity: entityId, source, key = 'key', value = 'value', header } = fields
  const event = {
    ...{ id: messageId, name, entityId, source, isOptional: false, bucket: 1, payload: payloadOf({ key, value }) },
    // A trace that is none, and one that is.
    headers: header === undefined ? { traceparent } : { [header]: header, traceparent: header },
  }
  await store.transaction((tx) => store.outbox.append(tx, [event]))
}

interface Subscribed {
  readonly name: string
  readonly service: string
  readonly queue: string
  readonly patterns: readonly string[]
}

async function subscribe(store: Store, { name, service, queue, patterns }: Subscribed): Promise<void> {
  await store.subscriptions.announce({ name, service, patterns, queue })
  await store.reconciliation.registry.register(
    {
      ...{ name, service, queue, hasInbox: true, timeoutMs: 1, queueCreatedMs: null, patternsSinceMs: 0 },
      paused: { atMs: 1, by: name },
    },
    { closeMs: 0, fromMs: 1, patterns },
    null,
  )
  // With two periods both are shown.
  await store.reconciliation.registry.register(
    { ...{ name, service, queue, hasInbox: true, timeoutMs: 1, queueCreatedMs: null, patternsSinceMs: 0 } },
    { closeMs: 2, fromMs: 2, patterns },
    null,
  )
}

async function fail(
  store: Store,
  subscription: string,
  messageId: string,
  fields: Fields,
  order: { readonly orderKey: string; readonly sequence: number; readonly needs: number } | null = null,
): Promise<void> {
  const { event: name, entity: entityId, source, header, type, message, code, stack, fingerprint } = fields
  await store.transaction(async (tx) => {
    await store.inbox.receive(tx, subscription, [{ id: messageId, name, source }])
    await store.inbox.fail(tx, [
      {
        ...{ subscription, messageId, name, entityId, source, payload: payloadOf(fields), encoding: 'utf8', order },
        ...{ state: order?.sequence === 2 ? 'retrying' : 'parked', attempts: 1, delayMs: 3_600_000 },
        headers: { [header]: header },
        error: { code, type, message, stack, fingerprint },
      },
    ])
  })
}

let barrier = 1_000
async function record(store: Store, changes: Partial<Findings>): Promise<void> {
  await store.reconciliation.proof.record(taker, {
    answer: { barrierId: id(barrier++), roundTripMs: 12, retrying: 1, parked: 2, rewindId: null },
    ...{
      throughMs: null,
      rewoundMs: null,
      minutes: [],
      suspects: [],
      present: [],
      absent: [],
      unwanted: [],
      ghosts: [],
    },
    ...changes,
  })
}
