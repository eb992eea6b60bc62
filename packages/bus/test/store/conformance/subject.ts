import { beforeEach } from 'vitest'

import type { NewFailure, Sql, Store } from '../../../src/store/store.ts'
import type { message } from '../fixtures.ts'

/** An empty, migrated database and what the suite needs to know of it beyond the contract. */
export interface StoreUnderTest {
  /** A started store on this test's database, stopped when the test ends; called again, another one on the same. */
  open(): Promise<Store>
  /** Resolves when this many statements are waiting for locks that other transactions hold. */
  untilBlocked(count: number): Promise<void>
}

/** What every test begins with: a fresh store and a table for effects; and what many of them do. */
export class Subject {
  #database: StoreUnderTest | null = null
  #store: Store | null = null

  constructor(prepare: () => Promise<StoreUnderTest>) {
    beforeEach(async () => {
      this.#database = await prepare()
      this.#store = await this.#database.open()
      await this.#store.transaction(async (tx) => {
        await tx.query('create table if not exists effect (id text)')
        await tx.query('delete from effect')
      })
    })
  }

  get database(): StoreUnderTest {
    return this.#database!
  }

  get store(): Store {
    return this.#store!
  }

  readonly write = (tx: Sql, id: string) => tx.query('insert into effect (id) values ($1)', [id])
  readonly effects = async () =>
    (await this.store.query<{ id: string }>('select id from effect order by id')).rows.map(({ id }) => id)
  readonly append = (...events: Parameters<Store['outbox']['append']>[1]) =>
    this.store.transaction((tx) => this.store.outbox.append(tx, events))
  readonly claim = (request: Partial<Parameters<Store['outbox']['claim']>[0]> = {}) =>
    this.store.outbox.claim({ buckets: [0], exclude: [], limit: 100, ...request })
  readonly fail = (...failures: NewFailure[]) => this.store.transaction((tx) => this.store.inbox.fail(tx, failures))
  readonly receive = (subscription: string, ...messages: ReturnType<typeof message>[]) =>
    this.store.transaction((tx) => this.store.inbox.receive(tx, subscription, messages))
  readonly statusOf = async (id: string) => (await this.store.messages.trace(id)).received[0]?.status
  /** The action log, oldest first. */
  readonly actions = async () => {
    const table = this.store.kind === 'postgres' ? 'warren.action_log' : 'warren_action_log'
    const { rows } = await this.store.query<
      Record<'actor' | 'action' | 'subscription' | 'message_id' | 'details', unknown>
    >(`select actor, action, subscription, message_id, details from ${table} order by id`)
    return rows.map(({ actor, action, subscription, message_id, details }) => [
      ...[actor, action, subscription, message_id],
      typeof details === 'string' ? (JSON.parse(details) as unknown) : details,
    ])
  }
  readonly claimRetries = (limit = 100, leaseMs = 60_000) =>
    this.store.inbox.claimRetries('order.crm', { limit, leaseMs })
}
