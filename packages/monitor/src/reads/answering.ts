import { setTimeout } from 'node:timers/promises'
import { WarrenError } from '@warren/bus'
import type { Store } from '@warren/bus'
import type { NamedStore } from '@warren/bus/operate'
import { z } from 'zod'
import { MonitorError } from '../errors.ts'

const unreachableStore = z.object({ store: z.string(), message: z.string() })

/** Of every answer that is read from several stores. */
export const unreachable = z
  .array(unreachableStore)
  .meta({ description: 'stores that do not answer: what they hold is not in it' })

export type UnreachableStore = z.infer<typeof unreachableStore>

export interface Answered<Value> {
  readonly value: Value
  readonly unreachable: UnreachableStore[]
}

/** How long a store that has failed is given to say that it is there. */
const PATIENCE_MS = 1_000

/** Stores that did not answer when they were asked last. Nobody waits for them before they do. */
const silent = new WeakSet<Store>()
const questions = new WeakMap<Store, Promise<string | null>>()

/**
 * Reads from those of the stores that answer, and tells of the others; from none where none does. What has failed is read again
 * without the store that was the reason. NOT_FOUND is STORE_UNAVAILABLE while it may be in a store that does not answer.
 */
export async function readAnswering<Value>(
  stores: readonly NamedStore[],
  read: (answering: readonly NamedStore[]) => Promise<Value>,
): Promise<Answered<Value>> {
  const reasons = new Map<NamedStore, string>()
  const away = (): UnreachableStore[] =>
    stores.flatMap((named) => {
      const message = reasons.get(named)
      return message === undefined ? [] : [{ store: named.label, message }]
    })
  const ask = async (asked: readonly NamedStore[]): Promise<void> => {
    const answers = asked.map(async (named) => [named, await silenceOf(named.store)] as const)
    for (const [named, reason] of await Promise.all(answers)) if (reason !== null) reasons.set(named, reason)
  }
  await ask(stores.filter(({ store }) => silent.has(store)))
  for (let attempt = 1; ; attempt++) {
    const answering = stores.filter((named) => !reasons.has(named))
    try {
      return { value: await read(answering), unreachable: away() }
    } catch (error) {
      if (error instanceof MonitorError && error.code === 'NOT_FOUND') throw absent(error, away())
      if (!answering.some(({ store }) => store.isUnavailable(error))) throw error
      const before = reasons.size
      await ask(answering)
      // All of them answer again: it was a moment, after which once more is enough.
      if (reasons.size === before && attempt > 1) throw error
    }
  }
}

/** The same of a document, that says which stores are not in it. Throws STORE_UNAVAILABLE where none answers. */
export async function readPartly<Reply extends object>(
  stores: readonly NamedStore[],
  read: (answering: readonly NamedStore[]) => Promise<Reply>,
): Promise<Reply & { unreachable: UnreachableStore[] }> {
  const { value, unreachable: away } = await readAnswering(stores, async (answering) =>
    answering.length === 0 && stores.length > 0 ? null : read(answering),
  )
  if (value === null) throw unavailable('no store answers', away)
  return { ...value, unreachable: away }
}

/** For what must not be done by halves: throws STORE_UNAVAILABLE, with its name, where a store does not answer. */
export async function readWholly<Value>(
  stores: readonly NamedStore[],
  read: (stores: readonly NamedStore[]) => Promise<Value>,
): Promise<Value> {
  const { value, unreachable: away } = await readAnswering(stores, async (answering) =>
    answering.length < stores.length ? null : { value: await read(answering) },
  )
  if (value === null) throw unavailable('this needs all stores', away)
  return value.value
}

/** NOT_FOUND while all stores answer. */
export function absent(notFound: MonitorError, away: readonly UnreachableStore[]): MonitorError | WarrenError {
  return away.length === 0 ? notFound : unavailable(`${notFound.message}, as far as is known`, away)
}

function unavailable(what: string, away: readonly UnreachableStore[]): WarrenError {
  const reasons = away.map(({ store, message }) => `${store} does not answer (${message})`).join(', ')
  return new WarrenError('STORE_UNAVAILABLE', `${what}: ${reasons}`, { stores: away.map(({ store }) => store) })
}

/**
 * Why a store does not answer; null: it does. It is asked once at a time: the question goes on when nobody waits any more, and is
 * answered to whoever asks next.
 */
async function silenceOf(store: Store): Promise<string | null> {
  let answer = questions.get(store)
  if (answer === undefined) {
    answer = store
      .ping()
      .then(
        () => {
          silent.delete(store)
          return null
        },
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      .finally(() => questions.delete(store))
    questions.set(store, answer)
  }
  const late = setTimeout(PATIENCE_MS, `no answer within ${PATIENCE_MS / 1_000} s`, { ref: false })
  const reason = await Promise.race([answer, late])
  if (reason !== null) silent.add(store)
  return reason
}
