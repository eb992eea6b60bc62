import type { Order } from '../support/orders.ts'

/** Warren or one of its peers, set up on a database of its own, with its handler running. */
export interface System {
  readonly name: string
  /** Writes the order and what makes its handler run, in one transaction. */
  place(order: Order): Promise<void>
  /** Called for every order that the handler is done with, once its effect is committed. */
  onHandled: (orders: number) => void
  stop(): Promise<void>
}

/** The same number of connections for placing orders in every system. */
export const PRODUCERS = 16
