import { newId } from '../../src/envelope/uuid.ts'
import type { NewEvent, NewFailure, ReceivedMessage } from '../../src/store/store.ts'

export function event(changes: Partial<NewEvent> = {}): NewEvent {
  return {
    id: newId(),
    name: 'order.payment.onPaid',
    entityId: 'order-1',
    source: 'shop',
    payload: '{"total":10.50}',
    headers: {},
    isOptional: false,
    bucket: 0,
    ...changes,
  }
}

export function message(changes: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return { id: newId(), name: 'order.payment.onPaid', source: 'shop', ...changes }
}

export function failure(subscription: string, changes: Partial<NewFailure> = {}): NewFailure {
  return {
    subscription,
    messageId: newId(),
    name: 'order.payment.onPaid',
    entityId: 'order-1',
    source: 'shop',
    payload: '{"total":10.50}',
    encoding: 'utf8',
    headers: { 'correlation-id': 'c-1' },
    state: 'retrying',
    attempts: 1,
    delayMs: 0,
    error: {
      code: 'HANDLER_FAILED',
      type: 'TypeError',
      message: 'no such customer',
      stack: 'TypeError: no such customer\n  at crm.ts:3',
      fingerprint: 'TypeError crm.ts:3',
    },
    ...changes,
  }
}

/** A promise and the functions that settle it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { opened: promise, open: () => resolve(undefined) }
}

/** Asks until the answer is true; for states that nothing announces. */
export async function until(check: () => Promise<boolean> | boolean, timeoutMs = 10_000): Promise<void> {
  const giveUpAtMs = performance.now() + timeoutMs
  while (!(await check())) {
    if (performance.now() > giveUpAtMs) throw new Error(`not true within ${timeoutMs} ms: ${check.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The code of the error that the promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error instanceof Error ? (Reflect.get(error, 'code') ?? error.message) : error
  }
  throw new Error('the promise was expected to reject')
}
