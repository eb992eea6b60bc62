import type { Proof } from '../store/contract/reconciliation.ts'
import type { Detail } from './round.ts'

/** What is remembered of a subscription between barriers. */
export interface Memory {
  /** The barrier that was sent last; null before the first. */
  lastAskedId: string | null
  /** Barriers that were sent and have no answer yet, the oldest first: the answers that are taken. */
  asked: readonly string[]
  /** Ranges whose ids are to be asked for, in order. */
  details: readonly Detail[]
  /** The next barrier asks its subscriber to declare queue and bindings again. */
  mustDeclare: boolean
}

/** Of every subscription. What is forgotten is asked again: a reconciler that begins remembers nothing. */
export class Memories {
  readonly #bySubscription = new Map<string, Memory>()

  of(subscription: string): Memory {
    let memory = this.#bySubscription.get(subscription)
    if (memory === undefined) {
      memory = { lastAskedId: null, asked: [], details: [], mustDeclare: false }
      this.#bySubscription.set(subscription, memory)
    }
    return memory
  }

  /**
   * What goes on from this proof. When the last barrier that the store knows of is another one than was sent last, somebody else
   * has asked since, or the store was set back: then barriers under way and their details are forgotten. A barrier may have passed
   * an event that was committed late, and a store that was set back has lost both the event and that it was late: the answer would hide it.
   */
  recall({ subscription, barrier }: Pick<Proof, 'subscription' | 'barrier'>): Memory {
    const memory = this.of(subscription)
    if (memory.lastAskedId !== (barrier?.id ?? null)) {
      memory.lastAskedId = null
      memory.asked = []
      memory.details = []
    }
    return memory
  }

  /** A barrier is about to be sent, and the store knows of it. */
  asked(subscription: string, barrierId: string): void {
    const memory = this.of(subscription)
    memory.asked = [...memory.asked, barrierId]
    memory.lastAskedId = barrierId
  }

  /** Whether the answer to this barrier is taken: it is remembered, and none to a later one was taken. */
  takes(proof: Pick<Proof, 'subscription' | 'barrier'>, barrierId: string): boolean {
    const memory = this.recall(proof)
    const isAsked = memory.asked.includes(barrierId)
    if (isAsked) memory.asked = memory.asked.filter((id) => id > barrierId)
    return isAsked
  }

  clear(): void {
    this.#bySubscription.clear()
  }
}
