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
