import { isReserved } from '../resources/reserved.ts'
import { findingsOf, type Rule } from './finding.ts'

/** A binding needs both of its ends: the broker answers 404, half-way through an apply. */
export const endsMissing: Rule = function* ({ name, spec, world }) {
  const finding = findingsOf('binding-end-missing', 'error', 'binding')
  // What is not chosen of the spec is not made, and not missed.
  const made = new Set([...world.bindings.values()].map(({ from, to, toKind }) => JSON.stringify([from, toKind, to])))
  for (const binding of spec.bindings ?? []) {
    const to = 'toQueue' in binding ? binding.toQueue : binding.toExchange
    if (!made.has(JSON.stringify([binding.from, 'toQueue' in binding ? 'queue' : 'exchange', to]))) continue
    const missing = [
      ...(hasExchange(binding.from) ? [] : [`exchange "${binding.from}"`]),
      ...('toQueue' in binding && !world.queues.has(to) ? [`queue "${to}"`] : []),
      ...('toExchange' in binding && !hasExchange(to) ? [`exchange "${to}"`] : []),
    ]
    if (missing.length === 0) continue
    yield finding(name, `${binding.from} → ${to}`, `there is no ${missing.join(' and no ')}: name it in the spec, too`)
  }

  function hasExchange(exchange: string): boolean {
    // amq.* and the default exchange are always there.
    return world.exchanges.has(exchange) || isReserved(exchange)
  }
}

export const bindingRules: readonly Rule[] = [endsMissing]
