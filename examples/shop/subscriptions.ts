/**
 * Who listens to what. The services subscribe with these, `warren events lint` reads them, and the demo's check expects
 * their effects.
 */
export const subscriptions = {
  crm: { name: 'order.crm', patterns: ['order.#'] },
  warehouse: { name: 'order.warehouse', patterns: ['#.onPaid', '#.onCancelled'] },
  loyalty: { name: 'viporder.loyalty', patterns: ['order.viporder.#'] },
  search: { name: 'product.search', patterns: ['product.#'] },
} as const

/**
 * How every subscriber handles. Its handlers take milliseconds; the deadline also says how long a retry stays with a
 * process that was killed over it (20 deadlines and 30 s), so it is a short one.
 */
export const handling = { timeoutMs: 3_000 } as const
