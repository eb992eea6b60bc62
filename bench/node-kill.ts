import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import { valueRow } from './row.ts'
import type { Gaps } from './support/outage.ts'
import { measureOutage } from './support/outage.ts'

/**
 * kill -9 of the node that publishes go to and that leads the queues, at 500 events/s: how long nothing is confirmed. The peer is amqplib with a
 * plain reconnect loop, on the same node and under the same kill. That no confirmed event is lost and none stays
 * unsettled is checked after each kill; a violation ends the run.
 */
export const run: Bench = async (context) => {
  const { broker, progress } = context
  const gaps: Gaps[] = []
  for (let round = 0; round < alternations(context); round++) {
    const measured = await measureOutage(context, {
      strike: (node) => broker.kill(node),
      heal: (node) => broker.start(node),
      healAfterMs: null,
      afterMs: 4_000,
      strikesLeader: true,
    })
    gaps.push(measured)
    progress(
      `kill: round ${round + 1}, gap Warren ${Math.round(measured.warren)} ms, amqplib ${Math.round(measured.peer)} ms`,
    )
  }
  return [
    valueRow(gaps, 'ms', {
      name: 'kill -9 of the connected node at 500 events/s: publish gap',
      bar: { atMost: 1_000 },
      note: 'no confirmed event lost, none unsettled',
    }),
  ]
}
