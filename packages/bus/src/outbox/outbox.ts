import { handlingContext } from '../envelope/handling-context.ts'
import { isWarrenError, WarrenError } from '../errors.ts'
import type { NewEvent, Sql, Store } from '../store/store.ts'
import { messagingAttributes } from '../telemetry.ts'
import type { Telemetry } from '../telemetry.ts'
import { newEvent, placed } from './publish.ts'
import type { PublishContext, PublishOptions } from './publish.ts'

export interface PublishedEvent {
  /** UUIDv7: the message id on the broker and in every inbox. */
  readonly id: string
}

export interface OutboxOptions<Tx extends Sql> extends PublishContext {
  readonly store: Store<Tx>
  readonly telemetry: Telemetry
  /** An event was written in a transaction that the caller will commit. */
  readonly onWritten: () => void
  /** A transaction with events in it has committed. */
  readonly onCommitted: () => void
}

/** How long a lost COMMIT is asked after. */
const RESOLVE_TIMEOUT_MS = 10_000
const RESOLVE_PAUSE_MS = 200

/** Writes events into the store: nothing is sent from here, and nothing is sent unless its transaction commits. */
export class Outbox<Tx extends Sql> {
  readonly #options: OutboxOptions<Tx>
  /** The events of each open transaction of ours: they tell whether it committed when the answer to COMMIT was lost. */
  readonly #written = new WeakMap<Sql, string[]>()

  constructor(options: OutboxOptions<Tx>) {
    this.#options = options
  }

  /** In the caller's transaction. */
  async publishIn(tx: Sql, name: string, data: unknown, options: PublishOptions): Promise<PublishedEvent> {
    const { store } = this.#options
    const made = await this.#traced(name, (headers) =>
      newEvent(this.#options, name, data, withCorrelation(options), headers),
    )
    const event =
      made.orderKey === undefined ? made : placed(made, await store.order.next(tx, made.orderKey, made.name))
    await store.outbox.append(tx, [event])
    this.#written.get(tx)?.push(event.id)
    this.#options.onWritten()
    return { id: event.id }
  }

  /** In a transaction of its own. */
  async publish(name: string, data: unknown, options: PublishOptions): Promise<PublishedEvent> {
    return this.transaction((tx) => this.publishIn(tx, name, data, options))
  }

  /** See Bus.transaction. */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const ids: string[] = []
    const done: { value: T }[] = []
    try {
      const value = await this.#options.store.transaction(async (tx) => {
        this.#written.set(tx, ids)
        const value = await work(tx)
        done.push({ value })
        return value
      })
      if (ids.length > 0) this.#options.onCommitted()
      return value
    } catch (error) {
      const [result] = done
      if (!isWarrenError(error, 'COMMIT_UNKNOWN') || result === undefined) throw error
      if (!(await this.#isCommitted(ids, error))) {
        throw new WarrenError(
          'STORE_UNAVAILABLE',
          'the connection was lost while committing; nothing was written',
          {},
          error,
        )
      }
      this.#options.onCommitted()
      return result.value
    }
  }

  /** The ledger row is written in the same transaction: where it is, all of it is. Rethrows when that cannot be learnt. */
  async #isCommitted(ids: readonly string[], unknown: WarrenError): Promise<boolean> {
    if (ids.length === 0) throw unknown
    const giveUpAtMs = performance.now() + RESOLVE_TIMEOUT_MS
    for (;;) {
      try {
        return (await this.#options.store.outbox.present(ids)).length > 0
      } catch {
        if (performance.now() > giveUpAtMs) throw unknown
        await new Promise((resolve) => setTimeout(resolve, RESOLVE_PAUSE_MS))
      }
    }
  }

  /** The trace context of the publish goes with the event, so that the relay and the handlers continue this trace. */
  #traced(name: string, make: (headers: Readonly<Record<string, string>>) => Promise<NewEvent>): Promise<NewEvent> {
    const { telemetry } = this.#options
    const attributes = messagingAttributes('publish', name, name)
    return telemetry.span({ name: `create ${name}`, kind: 'producer', attributes }, () => make(telemetry.inject()))
  }
}

function withCorrelation(options: PublishOptions): PublishOptions {
  const handling = handlingContext.getStore()
  if (options.correlationId !== undefined || handling === undefined) return options
  return { ...options, correlationId: handling.correlationId ?? handling.id }
}
