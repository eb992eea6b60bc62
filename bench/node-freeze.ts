import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { valueRow } from './row.ts'
import type { Gaps } from './support/outage.ts'
import { measureOutage } from './support/outage.ts'

// Below net_ticktime (60 s), after which the other nodes would expel the frozen one.
const FROZEN_MS = { quick: 7_000, full: 40_000 }

/**
 * SIGSTOP of the node that publishes go to, at 500 events/s: its connections stay open and nothing answers. The peer is
 * amqplib with a plain reconnect loop and its default heartbeat; its gap cannot be longer than the node is frozen, so
 * read it as "at least".
 *
 * The queues have their leaders on another node. A frozen leader is out of any publisher's hands: RabbitMQ 3.x replaces
 * it when net_ticktime is over, after 60 s (measured on 3.10.8: no publish to that queue is confirmed through any node).
 */
export const run: Bench = async (context) => {
  const { quick, broker, progress } = context
  const frozenMs = quick ? FROZEN_MS.quick : FROZEN_MS.full
  const gaps: Gaps[] = []
  for (let round = 0; round < alternations(context); round++) {
    const measured = await measureOutage(context, {
      strike: (node) => broker.pause(node),
      heal: (node) => broker.resume(node),
      healAfterMs: frozenMs,
      afterMs: 1_000,
      strikesLeader: false,
    })
    gaps.push(measured)
    progress(
      `freeze: round ${round + 1}, gap Warren ${Math.round(measured.warren)} ms, amqplib ${Math.round(measured.peer)} ms`,
    )
  }
  return [
    valueRow(gaps, 'ms', {
      name: 'SIGSTOP of the connected node: publish gap',
      bar: { atMost: 6_000 },
      note: `the node was frozen for ${frozenMs / 1000} s: the peer's gap is at most that`,
    }),
  ]
}
