import { readStores } from '@warren/bus/operate'
import type { NamedStore } from '@warren/bus/operate'
import { z } from 'zod'
import type { Mask } from '../mask.ts'
import { time } from './pages.ts'

/** A change of the payload that a handler was given, oldest first. */
export const editRow = z.object({
  store: z.string(),
  subscription: z.string(),
  at: time,
  by: z.string(),
  original: z.string().meta({ description: 'the payload before' }),
  edited: z.string(),
})

export type EditRow = z.infer<typeof editRow>

const details = z.object({ original: z.string(), edited: z.string() })
const MOST_ACTIONS = 200

/** Who has changed the payload of a message, for which subscription, and how; by the action logs. */
export async function readEdits(
  stores: readonly NamedStore[],
  mask: Mask,
  filter: { readonly messageId: string; readonly subscription?: string },
): Promise<readonly EditRow[]> {
  const entries = await readStores(stores, (store) => store.actions.list({ ...filter, limit: MOST_ACTIONS }))
  return entries
    .flatMap(({ store, action, at, actor, subscription, details: kept }) => {
      const parsed = details.safeParse(kept)
      if (action !== 'edit' || subscription === null || !parsed.success) return []
      const { original, edited } = parsed.data
      const row = { store, subscription, at: at.toISOString(), by: actor }
      return [{ ...row, original: mask.text(original), edited: mask.text(edited) }]
    })
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
}
