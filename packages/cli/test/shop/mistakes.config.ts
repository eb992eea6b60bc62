import { defineConfig } from 'warren'
import shop from './warren.config.ts'

/** The two classic mistakes: one word where there are three, and a pattern that misses the scoped form. */
export default defineConfig({
  ...shop,
  subscriptions: { everything: ['order.#'], warehouse: ['*.onDelivered'], loyalty: ['*.delivery.*'] },
})
