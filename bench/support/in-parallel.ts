/** Does the work for every item, `lanes` at a time and never fewer, and returns how many it did in a second. */
export async function inParallel<Item>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<number> {
  const startedAtMs = performance.now()
  const queue = items.values()
  const lane = async (): Promise<void> => {
    // The lanes share one iterator: each takes what comes next.
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return (items.length * 1000) / (performance.now() - startedAtMs)
}
