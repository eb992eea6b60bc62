import { AsyncLocalStorage } from 'node:async_hooks'

/** The event that is being handled: what is published meanwhile belongs to the same correlation. */
export interface Handling {
  readonly id: string
  readonly correlationId: string | null
}

export const handlingContext: AsyncLocalStorage<Handling> = new AsyncLocalStorage<Handling>()
