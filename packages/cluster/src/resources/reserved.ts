/**
 * True for exchanges and queues that the broker and its plugins keep for themselves: the default exchange, `amq.*`, and what
 * federation and sharding declare. They come and go on their own and are never drift.
 */
export function isReserved(name: string): boolean {
  return name === '' || /^(amq\.|federation: |federation:|sharding: |sharding:)/.test(name)
}
