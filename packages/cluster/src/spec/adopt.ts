import { stringify } from 'yaml'
import { secretsOfQuery } from '../redaction/query.ts'
import { isSecretName } from '../redaction/redact.ts'
import { isOwn } from '../resources/global-parameter.ts'
import { isReserved } from '../resources/reserved.ts'
import { isObject } from '../resources/value.ts'
import type { DefinedParameter, Definitions } from '../snapshot/definitions.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

export interface Adopted {
  readonly yaml: string
  /** Variables that the spec needs in place of passwords that were in URLs, and of other secrets. */
  readonly variables: readonly string[]
}

/**
 * A spec of what a broker has. Password hashes stay on the broker: users come without a password, which leaves theirs as it
 * is. Passwords in URLs become variables. Pure.
 */
export function adopt(snapshot: Snapshot): Adopted {
  const { definitions, broker } = snapshot
  const secrets = new Map<string, string>()
  const users = definitions.users.map(({ name, tags, limits = {} }) => {
    const list = typeof tags === 'string' ? tags.split(',').filter((tag) => tag !== '') : tags
    return [name, pruned({ tags: list, limits })]
  })
  const parameters = definitions.global_parameters.filter(({ name }) => !isOwn(name))
  const safe = (value: unknown): unknown => escaped(value, secrets, false)
  const vhosts = snapshot.vhosts.map((vhost) => [vhost.name, vhostOf(vhost.name, snapshot)])
  const spec = pruned({
    clusterName: safe(broker.clusterName),
    // The name of a parameter says of all that is in it whether it is a secret.
    globalParameters: Object.fromEntries(
      parameters.map(({ name, value }) => [escapedText(name, secrets), escaped(value, secrets, isSecretName(name))]),
    ),
    users: safe(Object.fromEntries(users)),
    vhosts: safe(Object.fromEntries(vhosts)),
  })
  const yaml = stringify(spec, { lineWidth: 0 })
  return { yaml, variables: [...secrets.values()] }
}

function vhostOf(name: string, { definitions, vhosts, internalExchanges }: Snapshot): unknown {
  const { description = '', tags = [], protected_from_deletion } = vhosts.find((each) => each.name === name) ?? {}
  const here = <T extends { readonly vhost: string }>(all: readonly T[]): readonly T[] =>
    all.filter(({ vhost }) => vhost === name)
  const component = (wanted: string): readonly DefinedParameter[] =>
    here(definitions.parameters).filter((parameter) => parameter.component === wanted)
  const named = (all: readonly { readonly name: string; readonly value: unknown }[]): unknown =>
    Object.fromEntries(all.map((each) => [each.name, each.value]))
  return pruned({
    description,
    tags: typeof tags === 'string' ? tags.split(',').filter((tag) => tag !== '') : tags,
    ...(protected_from_deletion === true ? { isProtected: true } : {}),
    limits: component('vhost-limits')[0]?.value,
    permissions: Object.fromEntries(
      here(definitions.permissions).map(({ user, configure, write, read }) => [user, { configure, write, read }]),
    ),
    topicPermissions: topicPermissions(here(definitions.topic_permissions)),
    federationUpstreams: named(component('federation-upstream')),
    federationUpstreamSets: named(component('federation-upstream-set')),
    operatorPolicies: Object.fromEntries(component('operator_policy').map((each) => [each.name, policyOf(each.value)])),
    policies: Object.fromEntries(here(definitions.policies).map((policy) => [policy.name, policyOf(policy)])),
    exchanges: Object.fromEntries(
      here([...definitions.exchanges, ...internalExchanges])
        .filter((exchange) => !isReserved(exchange.name))
        .map((exchange) => [
          exchange.name,
          pruned({
            type: exchange.type,
            ...(exchange.durable ? {} : { isDurable: false }),
            ...(exchange.auto_delete ? { isAutoDelete: true } : {}),
            ...(exchange.internal ? { isInternal: true } : {}),
            arguments: exchange.arguments,
          }),
        ]),
    ),
    queues: Object.fromEntries(
      here(definitions.queues)
        .filter((queue) => !isReserved(queue.name))
        .map((queue) => {
          const { 'x-queue-type': type = 'classic', ...args } = queue.arguments
          return [
            queue.name,
            pruned({
              type,
              ...(queue.durable ? {} : { isDurable: false }),
              ...(queue.auto_delete ? { isAutoDelete: true } : {}),
              arguments: args,
            }),
          ]
        }),
    ),
    bindings: bindingsOf(here(definitions.bindings)),
    shovels: named(component('shovel')),
  })
}

function bindingsOf(bindings: Definitions['bindings']): readonly unknown[] {
  const grouped = new Map<string, { spec: Record<string, unknown>; keys: string[] }>()
  for (const { source, destination, destination_type: type, routing_key: key, arguments: args } of bindings) {
    if (source === '' || isReserved(destination)) continue
    const to = type === 'queue' ? { toQueue: destination } : { toExchange: destination }
    const id = JSON.stringify([source, to, args])
    const group = grouped.get(id) ?? { spec: { from: source, ...to, ...pruned({ arguments: args }) }, keys: [] }
    group.keys.push(key)
    grouped.set(id, group)
  }
  return [...grouped.values()].map(({ spec, keys }) => ({ ...spec, keys: keys.toSorted() }))
}

function topicPermissions(all: Definitions['topic_permissions']): Readonly<Record<string, Record<string, unknown>>> {
  const byUser: Record<string, Record<string, unknown>> = {}
  for (const { user, exchange, write, read } of all) byUser[user] = { ...byUser[user], [exchange]: { write, read } }
  return byUser
}

function policyOf(value: unknown): unknown {
  const { pattern, 'apply-to': applyTo, priority, definition } = isObject(value) ? value : {}
  return { pattern, applyTo, ...(priority === 0 ? {} : { priority }), definition }
}

/** Without what is empty: it says nothing. */
function pruned(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isEmpty = (item: unknown): boolean =>
    item === undefined || item === '' || (typeof item === 'object' && item !== null && Object.keys(item).length === 0)
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => key === 'definition' || !isEmpty(item)))
}

/** A `${` that is text stays text. Passwords in URLs become variables, and so do texts that their name says are secrets. */
function escaped(value: unknown, secrets: Map<string, string>, isSecret: boolean): unknown {
  if (typeof value === 'string') return isSecret ? variableFor(value, 'SECRET', secrets) : escapedText(value, secrets)
  if (Array.isArray(value)) return value.map((item) => escaped(item, secrets, isSecret))
  // An empty vhost or queue is still there.
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isText = typeof item === 'string' || (Array.isArray(item) && item.every((each) => typeof each === 'string'))
      return [key.replaceAll('${', '$${'), escaped(item, secrets, isSecret || (isText && isSecretName(key)))]
    }),
  )
}

function escapedText(value: string, secrets: Map<string, string>): string {
  const plain = value.replaceAll('${', '$${')
  const text = plain.replace(secretsOfQuery(plain), (_, before: string, secret: string) =>
    secret === '' ? before : before + variableFor(secret, 'URI_PASSWORD', secrets),
  )
  const [, before, password, after] = /^([a-z][a-z0-9+.-]*:\/\/[^:/\s]*:)(.*)(@.*)$/i.exec(text) ?? []
  if (before === undefined || password === undefined || after === undefined || password === '') return text
  return before + variableFor(password, 'URI_PASSWORD', secrets) + after
}

function variableFor(secret: string, kind: string, secrets: Map<string, string>): string {
  const variable = secrets.get(secret) ?? `${kind}_${secrets.size + 1}`
  secrets.set(secret, variable)
  return `\${${variable}}`
}
