import type { NewEvent, NewFailure, Store } from '@warren/bus'

/** Ids that sort in this order; all of one minute. */
export function id(number: number): string {
  return `0197c2f0-5a1e-7b34-9f00-${String(number).padStart(12, '0')}`
}

export const ids = { sent: id(1), pending: id(2), unroutable: id(3), unpublishable: id(4), delivered: id(5) }

/** A publisher's store with an event in every state. */
export async function fillPublisher(store: Store): Promise<void> {
  const events = [
    event(ids.sent, 'order.payment.onPaid', 'o-1', '{"orderId":"o-1","amount":12345678901234567890}'),
    event(ids.pending, 'order.payment.onPaid', 'o-2', '{"orderId":"o-2"}'),
    event(ids.unroutable, 'order.delivery.onDelivered', 'o-1', '{"orderId":"o-1"}'),
    event(ids.unpublishable, 'order.delivery.onDelivered', 'o-3', '{"orderId":"o-3"}'),
    event(ids.delivered, 'order.viporder.payment.onPaid', 'o-4', '{"orderId":"o-4"}'),
  ]
  await store.transaction((tx) => store.outbox.append(tx, events))
  await store.outbox.confirm([ids.sent, ids.delivered])
  await store.outbox.reschedule([
    {
      id: ids.unroutable,
      state: 'unroutable',
      delayMs: 3_600_000,
      error: 'EVENT_UNROUTABLE: no queue took it (NO_ROUTE)',
    },
    { id: ids.unpublishable, state: 'unpublishable', delayMs: 0, error: 'EVENT_UNPUBLISHABLE: 406 refused' },
  ])
}

/** A subscriber's store: `order.crm` handled one, retries one and parked two; `order.mail` parked one. */
export async function fillSubscriber(store: Store): Promise<void> {
  await store.subscriptions.announce({
    name: 'order.crm',
    service: 'crm',
    patterns: ['order.#'],
    queue: 'qu.order.crm',
  })
  await store.subscriptions.announce({
    name: 'order.mail',
    service: 'crm',
    patterns: ['#.payment.*'],
    queue: 'qu.order.mail',
  })
  await store.transaction(async (tx) => {
    const received = [ids.sent, ids.unroutable, ids.unpublishable, ids.delivered].map((each) => ({
      id: each,
      name: 'order.payment.onPaid',
      source: 'orders',
    }))
    await store.inbox.receive(tx, 'order.crm', received)
    await store.inbox.receive(tx, 'order.mail', received.slice(0, 1))
    await store.inbox.fail(tx, [
      failure('order.crm', ids.unroutable, 'parked', 'aaaaaaaaaaaa', 'no customer o-1'),
      failure('order.crm', ids.unpublishable, 'parked', 'aaaaaaaaaaaa', 'no customer o-3'),
      failure('order.crm', ids.delivered, 'retrying', 'bbbbbbbbbbbb', 'the bank \u001b[31mis away'),
      failure('order.mail', ids.sent, 'parked', 'cccccccccccc', 'no address'),
    ])
  })
}

function event(id: string, name: string, entityId: string, payload: string): NewEvent {
  const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
  return { id, name, entityId, source: 'orders', payload, headers, isOptional: false, bucket: 1 }
}

function failure(
  subscription: string,
  messageId: string,
  state: 'retrying' | 'parked',
  fingerprint: string,
  message: string,
): NewFailure {
  return {
    subscription,
    messageId,
    name: 'order.payment.onPaid',
    entityId: 'o-1',
    source: 'orders',
    payload: '{"orderId":"o-1"}',
    encoding: 'utf8',
    headers: { 'warren-time': '2026-07-01T12:00:00.000Z' },
    state,
    attempts: 5,
    delayMs: 3_600_000,
    error: {
      code: 'HANDLER_FAILED',
      type: 'TypeError',
      message,
      stack: `TypeError: ${message}\n    at onPaid (crm.ts:1:1)`,
      fingerprint,
    },
  }
}
