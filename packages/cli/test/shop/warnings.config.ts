import { defineConfig } from 'warren'
import shop from './warren.config.ts'

/** One pattern that spells out an event, and events that nobody takes. */
export default defineConfig({
  ...shop,
  subscriptions: { mail: ['order.payment.onPaid', 'order.*.payment.*'] },
})
