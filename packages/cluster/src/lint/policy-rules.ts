import { listed } from '../listed.ts'
import { isAtLeast } from '../management/version.ts'
import { compiledPattern, isReadable } from '../policies/pattern.ts'
import type { PolicyValue } from '../resources/policy.ts'
import { policyKeys } from '../resources/policy-keys.ts'
import { findingsOf, type Rule } from './finding.ts'

/** A pattern such as `.order.` needs a character on each side: it misses `order.created`. */
export const missesNeighbours: Rule = function* ({ name, world }) {
  const finding = findingsOf('pattern-misses-neighbours', 'warning', 'policy')
  const names = [...world.queues.keys(), ...world.exchanges.keys()]
  for (const [policy, { pattern }] of world.policies) {
    const core = /^\.?([^.].*?[^.\\*+?])\.?$/.exec(pattern)?.[1]
    const hasLooseDot = /^\.[^*+?]|[^\\]\.$/.test(pattern)
    if (!hasLooseDot || core === undefined || !isReadable(core)) continue
    const matches = compiledPattern(pattern)
    const matchesCore = compiledPattern(core)
    const missed = names.filter((each) => matchesCore(each) && !matches(each))
    const example = missed.length === 0 ? `would miss "${core}.created"` : `misses ${listed(missed)}`
    yield finding(
      name,
      policy,
      `pattern "${pattern}" ${example}: a bare "." is any one character that must be there; "(^|\\.)${core}(\\.|$)" takes the word wherever it stands`,
    )
  }
}

export const matchesNothing: Rule = function* ({ name, world }) {
  const finding = findingsOf('policy-matches-nothing', 'warning', 'policy')
  for (const [policy, value] of world.policies) {
    if (!isReadable(value.pattern)) {
      yield finding(name, policy, `pattern "${value.pattern}" cannot be tried here; what it matches is not shown`)
      continue
    }
    const matches = compiledPattern(value.pattern)
    const isForQueues = value.applyTo !== 'exchanges'
    const isForExchanges = value.applyTo === 'all' || value.applyTo === 'exchanges'
    const doesMatch =
      (isForQueues && [...world.queues.keys()].some(matches)) ||
      (isForExchanges && [...world.exchanges.keys()].some(matches))
    if (!doesMatch) yield finding(name, policy, `pattern "${value.pattern}" matches none of its ${targetsOf(value)}`)
  }
}

export const equalPriorities: Rule = function* ({ name, world, policiesOf }) {
  const finding = findingsOf('equal-priority', 'warning', 'policy')
  const told = new Map<string, string[]>()
  const objects = [
    ...[...world.queues].map(([queue, { type }]) => ({ object: queue, type })),
    ...[...world.exchanges.keys()].map((exchange) => ({ object: exchange, type: 'exchange' })),
  ]
  for (const { object, type } of objects) {
    const ties = policiesOf(object, type).ties.join('", "')
    if (ties === '') continue
    const same = told.get(ties)
    if (same === undefined) told.set(ties, [object])
    else same.push(object)
  }
  for (const [ties, queues] of told) {
    const first = ties.split('", "')[0] ?? ties
    yield finding(
      name,
      first,
      `"${ties}" have the same priority for ${listed(queues)}: which one counts is left to chance; give one of them a higher priority`,
    )
  }
}

export const skippedWhole: Rule = function* ({ name, world, policiesOf }) {
  const finding = findingsOf('policy-skipped', 'warning', 'policy')
  const told = new Map<string, { policy: string; keys: readonly string[]; type: string; queues: string[] }>()
  for (const [queue, { type = 'classic' }] of world.queues) {
    for (const { policy, keys } of policiesOf(queue, type).skipped) {
      const key = JSON.stringify([policy, type])
      const entry = told.get(key) ?? { policy, keys, type, queues: [] }
      entry.queues.push(queue)
      told.set(key, entry)
    }
  }
  for (const { policy, keys, type, queues } of told.values()) {
    yield finding(
      name,
      policy,
      `${type} queues know no ${keys.join(', ')}, so the broker skips the whole policy for ${listed(queues)}; put the keys into a policy of their own, or narrow applyTo`,
    )
  }
}

/** Keys that this version of the broker does not take: it answers 400, and an import would stop there. */
export const keysOfOtherVersions: Rule = function* ({ name, world, spec, broker }) {
  const finding = findingsOf('key-not-in-this-version', 'error', 'policy')
  const of = (all: ReadonlyMap<string, PolicyValue>, wanted: object = {}, isOperator: boolean) =>
    [...all].flatMap(([policy, value]) => (policy in wanted ? [{ policy, ...value, isOperator }] : []))
  const policies = [
    ...of(world.policies, spec.policies, false),
    ...of(world.operatorPolicies, spec.operatorPolicies, true),
  ]
  for (const { policy, definition, applyTo, isOperator } of policies) {
    for (const key of Object.keys(definition)) {
      const { since: ownSince = '0', operatorSince = ownSince, until } = policyKeys[key] ?? {}
      const since = isOperator ? operatorSince : ownSince
      const isTooNew = !isAtLeast(broker.version, since)
      if (!isTooNew && (until === undefined || !isAtLeast(broker.version, until))) continue
      const hint = key.startsWith('ha-') ? '; mirrored queues are gone: use "replication" with replicas' : ''
      yield finding(
        name,
        policy,
        `RabbitMQ ${broker.version} does not know ${key}${isOperator ? ' in an operator policy' : ''} (${isTooNew ? `from ${since}` : `until ${until ?? ''}`})${hint}`,
      )
    }
    if (/_queues|streams/.test(applyTo) && !broker.capabilities.hasPolicyTargetsByType) {
      yield finding(name, policy, `applyTo ${applyTo} needs RabbitMQ 3.12; this is ${broker.version}`)
    }
  }
}

function targetsOf({ applyTo }: PolicyValue): string {
  return applyTo === 'all' ? 'queues and exchanges' : applyTo.replace('_', ' ')
}

export const policyRules: readonly Rule[] = [
  missesNeighbours,
  matchesNothing,
  equalPriorities,
  skippedWhole,
  keysOfOtherVersions,
]
