import type { Detail } from './round.ts'

/** What is remembered of a subscription between barriers. */
export interface Memory {
  /** Ranges whose ids are to be asked for, in order. */
  details: readonly Detail[]
  /** The next barrier asks its subscriber to declare queue and bindings again. */
  mustDeclare: boolean
}

/** Of every subscription. Nothing of it is needed for the result to be right: a reconciler that begins has none. */
export class Memories {
  readonly #bySubscription = new Map<string, Memory>()

  of(subscription: string): Memory {
    let memory = this.#bySubscription.get(subscription)
    if (memory === undefined) {
      memory = { details: [], mustDeclare: false }
      this.#bySubscription.set(subscription, memory)
    }
    return memory
  }

  clear(): void {
    this.#bySubscription.clear()
  }
}
