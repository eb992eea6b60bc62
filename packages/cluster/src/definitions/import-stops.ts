import { isReadable } from '../policies/pattern.ts'
import { REDACTED } from '../redaction/redact.ts'
import { isObject, type Value } from '../resources/value.ts'
import type { ImportTarget } from './check-import.ts'
import { type DefinitionsDocument, itemsOf, textOf } from './document.ts'
import { queueRule } from './import-queues.ts'
import { whyKeyIsRefused, whyTargetIsRefused } from './transform/for-version.ts'
import { vhostsIn } from './transform/rename-vhosts.ts'

/** Something in the file that the broker would not take. */
export interface ImportProblem {
  readonly section: string
  readonly name: string
  readonly message: string
}

type Check = (item: Value, world: World) => string | undefined

interface World extends ImportTarget {
  readonly users: ReadonlySet<string>
  readonly vhosts: ReadonlySet<string>
  /** True where all that the file names is one vhost, and it is no file of several. */
  readonly isOfOneVhost: boolean
  /** True for an exchange or a queue that is in the file or on the broker. */
  readonly has: (section: 'exchanges' | 'queues', vhost: string, name: string) => boolean
}

/** Each rule by the section that it is about; what the brokers say is in the text of the rule. */
const rules: readonly (readonly [section: string, check: Check])[] = [
  ['users', userRule],
  ['permissions', userExists],
  ['topic_permissions', userExists],
  ...['permissions', 'topic_permissions', 'queues', 'exchanges', 'bindings', 'policies', 'parameters'].map(
    (section) => [section, vhostRule] as const,
  ),
  ['exchanges', exchangeRule],
  ['policies', policyRule],
  ['parameters', parameterRule],
  ['queues', queueRule],
  ['bindings', bindingRule],
]

export function stopsOf(
  file: DefinitionsDocument,
  current: DefinitionsDocument,
  target: ImportTarget,
): readonly ImportProblem[] {
  const names = (section: string): ReadonlySet<string> =>
    new Set([...itemsOf(file, section), ...itemsOf(current, section)].map((item) => textOf(item, 'name')))
  const world = {
    ...target,
    users: names('users'),
    vhosts: names('vhosts'),
    isOfOneVhost: file['vhosts'] === undefined && vhostsIn(file).size <= 1,
    has: presence(file, current, target),
  }
  const found = rules.flatMap(([section, check]) =>
    itemsOf(file, section).flatMap((item) => {
      const message = check(item, world)
      return message === undefined ? [] : [{ section, name: nameOf(item), message }]
    }),
  )
  return [...masked(file), ...lockedOut(file, current, target), ...found]
}

/** The user that imports could not read the broker again: with another password, or as no administrator. */
function lockedOut(
  file: DefinitionsDocument,
  current: DefinitionsDocument,
  { user, vhost }: ImportTarget,
): readonly ImportProblem[] {
  if (user === undefined || vhost !== undefined) return []
  const own = (document: DefinitionsDocument): Value | undefined =>
    itemsOf(document, 'users').find((item) => textOf(item, 'name') === user)
  const [before, after] = [own(current), own(file)]
  if (before === undefined || after === undefined) return []
  const losses = [
    ...(hasOtherPassword(before, after) ? ['have another password'] : []),
    ...(isAdministrator(before) && after['tags'] !== undefined && !isAdministrator(after)
      ? ['lose the tag "administrator"']
      : []),
  ]
  if (losses.length === 0) return []
  const message = `it is who imports, and would ${losses.join(' and ')}, so that nothing could be read again; leave it out with --drop-user`
  return [{ section: 'users', name: user, message }]
}

/** A password in clear text cannot be compared with the hash that the broker has, and is taken for another one. */
function hasOtherPassword(before: Value, { password, password_hash: hash }: Value): boolean {
  if (password !== undefined) return password !== REDACTED
  return (
    before['password_hash'] !== undefined && hash !== undefined && hash !== before['password_hash'] && hash !== REDACTED
  )
}

/** Tags are a list, and `a,b` in files of older brokers. */
function isAdministrator({ tags }: Value): boolean {
  const list: readonly unknown[] = typeof tags === 'string' ? tags.split(',') : Array.isArray(tags) ? tags : []
  return list.some((tag) => typeof tag === 'string' && tag.trim() === 'administrator')
}

function nameOf(item: Value): string {
  return textOf(item, 'name') || textOf(item, 'user') || `${textOf(item, 'source')} → ${textOf(item, 'destination')}`
}

/** What is in the file or on the broker; an end of a binding that the broker has is there, though exports have no internal exchanges. */
function presence(file: DefinitionsDocument, current: DefinitionsDocument, { vhost }: ImportTarget): World['has'] {
  const keyOf = (section: string, of: string, name: string): string => JSON.stringify([section, vhost ?? of, name])
  const named = [file, current].flatMap((document) =>
    ['exchanges', 'queues'].flatMap((section) =>
      itemsOf(document, section).map((item) => keyOf(section, textOf(item, 'vhost'), textOf(item, 'name'))),
    ),
  )
  const bound = itemsOf(current, 'bindings').flatMap((binding) => {
    const of = textOf(binding, 'vhost')
    const ends = [keyOf('exchanges', of, textOf(binding, 'source'))]
    return [...ends, keyOf(sectionOf(binding), of, textOf(binding, 'destination'))]
  })
  const found = new Set([...named, ...bound])
  return (section, of, name) => found.has(keyOf(section, of, name))
}

function sectionOf(binding: Value): 'exchanges' | 'queues' {
  return textOf(binding, 'destination_type') === 'exchange' ? 'exchanges' : 'queues'
}

function masked(file: DefinitionsDocument): readonly ImportProblem[] {
  return ['users', 'parameters', 'global_parameters'].flatMap((section) =>
    itemsOf(file, section)
      .filter((item) => /"\*\*\*"|:\*\*\*@|password=\*\*\*/.test(JSON.stringify(item)))
      .map((item) => ({
        section,
        name: textOf(item, 'name'),
        message: 'its secret is masked; export again with --with-secrets',
      })),
  )
}

function userRule(user: Value): string | undefined {
  const { password, password_hash: hash, tags } = user
  if (tags === undefined) return 'it has no "tags"; give it an empty list'
  if (password !== undefined && hash !== undefined) return 'it has a password and a password_hash; leave one out'
  if (typeof hash === 'string' && hash !== '***' && !/^[A-Za-z0-9+/]*={0,2}$/.test(hash)) {
    return 'its password_hash is not base64'
  }
  return undefined
}

function userExists(item: Value, { users, vhost }: World): string | undefined {
  const user = textOf(item, 'user')
  if (vhost !== undefined || users.has(user)) return undefined
  return `there is no user "${user}" in the file or on the broker`
}

function vhostRule(item: Value, { vhost, vhosts, isOfOneVhost }: World): string | undefined {
  const named = textOf(item, 'vhost')
  if (vhost !== undefined) {
    // 3.10 names the vhost of policies in an export of one vhost, and of nothing else. In any other file they are of that vhost.
    const isNamedInPassing = isOfOneVhost && ('definition' in item || 'component' in item)
    return named === '' || named === vhost || isNamedInPassing
      ? undefined
      : `it is of the vhost "${named}", and is to be imported into "${vhost}"`
  }
  if (named === '') return 'it has no "vhost"; import a file of one vhost with --vhost'
  return vhosts.has(named) ? undefined : `there is no vhost "${named}" in the file or on the broker`
}

function exchangeRule(exchange: Value, { exchangeTypes }: World): string | undefined {
  const type = textOf(exchange, 'type')
  if (exchangeTypes.length === 0 || exchangeTypes.includes(type)) return undefined
  return `the broker has no exchange type "${type}"; enable the plugin that has it`
}

function policyRule(policy: Value, world: World): string | undefined {
  return whyPolicyIsRefused(policy, world, false)
}

function whyPolicyIsRefused(
  { definition, pattern, 'apply-to': applyTo }: Value,
  { version, plugins }: World,
  isOperator: boolean,
): string | undefined {
  if (!isObject(definition)) {
    return 'its definition is no object; some 4.0 and 4.1 versions print it as a list of pairs, which --for-version reads'
  }
  const keys = Object.keys(definition)
  if (keys.length === 0) return 'its definition is empty'
  if (typeof pattern !== 'string') return 'it has no "pattern"'
  for (const key of keys) {
    const why = whyKeyIsRefused(key, version, isOperator)
    if (why !== undefined)
      return key.startsWith('ha-') ? `${why}; --to-quorum translates it` : `${why}; --for-version leaves it out`
    const plugin = pluginOfKey(key)
    if (plugin !== undefined && plugins?.has(plugin) === false) return `the key "${key}" needs the plugin ${plugin}`
  }
  // Only what no expression can be: PCRE has constructs that cannot be tried here.
  if (!isReadable(pattern) && !/\(\?|\\[^\w]|[*+?}]\+/.test(pattern))
    return `its pattern "${pattern}" is no regular expression`
  const target = whyTargetIsRefused(applyTo, version)
  return target === undefined ? undefined : `${target}; --for-version widens it`
}

function pluginOfKey(key: string): string | undefined {
  if (key.startsWith('federation-')) return 'rabbitmq_federation'
  return key === 'shards-per-node' ? 'rabbitmq_sharding' : undefined
}

/** A component that no plugin has registered makes the import stop. */
const componentPlugins: Readonly<Record<string, string>> = {
  shovel: 'rabbitmq_shovel',
  'federation-upstream': 'rabbitmq_federation',
  'federation-upstream-set': 'rabbitmq_federation',
}

function parameterRule(parameter: Value, world: World): string | undefined {
  const component = textOf(parameter, 'component')
  const plugin = componentPlugins[component]
  if (plugin !== undefined && world.plugins?.has(plugin) === false) {
    return `it needs the plugin ${plugin}, which the broker has not enabled`
  }
  if (component !== 'operator_policy') return undefined
  return isObject(parameter['value']) ? whyPolicyIsRefused(parameter['value'], world, true) : 'its value is no object'
}

/** 3.x drops a binding with an end that is not there in silence; 4.x stops. */
function bindingRule(binding: Value, { has }: World): string | undefined {
  const [vhost, source, destination] = ['vhost', 'source', 'destination'].map((field) => textOf(binding, field))
  if (vhost === undefined || source === undefined || destination === undefined) return undefined
  const isThere = (section: 'exchanges' | 'queues', name: string): boolean =>
    // The broker keeps these for itself, and exports none of them.
    (section === 'exchanges' && /^(amq\.|$)/.test(name)) || has(section, vhost, name)
  if (!isThere('exchanges', source)) return `there is no exchange "${source}" in the file or on the broker`
  const section = sectionOf(binding)
  if (isThere(section, destination)) return undefined
  return `there is no ${section === 'queues' ? 'queue' : 'exchange'} "${destination}" in the file or on the broker`
}
