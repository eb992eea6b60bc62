import type { Database } from './database.ts'

/** Throws unless there is exactly one effect for each of `expected` orders. */
export async function assertHandledOnce(database: Database, url: string, expected: number): Promise<void> {
  const [row] = await database.query<{ effects: string; handled: string }>(
    url,
    'select count(*) as effects, count(distinct order_id) as handled from effects',
  )
  const effects = Number(row?.effects)
  const handled = Number(row?.handled)
  if (effects === expected && handled === expected) return
  throw new Error(`of ${expected} orders ${handled} were handled, with ${effects} effects: events were lost or doubled`)
}
