import { isAtLeast } from '../management/version.ts'
import { policyKeys } from '../resources/policy-keys.ts'
import { isObject, type Value } from '../resources/value.ts'
import type { ImportTarget } from './check-import.ts'
import { type DefinitionsDocument, itemsOf, textOf } from './document.ts'

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
]

export function stopsOf(
  file: DefinitionsDocument,
  current: DefinitionsDocument,
  target: ImportTarget,
): readonly ImportProblem[] {
  const names = (section: string): ReadonlySet<string> =>
    new Set([...itemsOf(file, section), ...itemsOf(current, section)].map((item) => textOf(item, 'name')))
  const world = { ...target, users: names('users'), vhosts: names('vhosts') }
  const found = rules.flatMap(([section, check]) =>
    itemsOf(file, section).flatMap((item) => {
      const message = check(item, world)
      return message === undefined ? [] : [{ section, name: textOf(item, 'name') || textOf(item, 'user'), message }]
    }),
  )
  return [...masked(file), ...found]
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

function vhostRule(item: Value, { vhost, vhosts }: World): string | undefined {
  const named = textOf(item, 'vhost')
  if (vhost !== undefined) {
    // 3.10 names the vhost of policies in an export of one vhost, and of nothing else.
    return named === '' || named === vhost || 'definition' in item || 'component' in item
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

function policyRule({ definition, 'apply-to': applyTo }: Value, { version }: World): string | undefined {
  if (!isObject(definition)) return 'its definition is no object; some 4.0 and 4.1 versions print it as a list of pairs'
  const keys = Object.keys(definition)
  // No version knows these.
  const unknown = keys.find((key) => key === 'max-priority' || key.startsWith('x-'))
  if (unknown !== undefined) return `no broker knows the key "${unknown}" of a policy`
  for (const key of keys) {
    // A key that is not there may be a plugin's.
    const { since, until } = policyKeys[key] ?? {}
    if (until !== undefined && isAtLeast(version, until)) return `the key "${key}" of a policy ended with ${until}`
    if (since !== undefined && !isAtLeast(version, since)) return `the key "${key}" of a policy needs RabbitMQ ${since}`
  }
  const typed = ['classic_queues', 'quorum_queues', 'streams'].find((name) => name === applyTo)
  if (typed !== undefined && !isAtLeast(version, '3.12')) return `apply-to "${typed}" needs RabbitMQ 3.12`
  return undefined
}

function parameterRule(parameter: Value, world: World): string | undefined {
  if (parameter['component'] !== 'operator_policy') return undefined
  return isObject(parameter['value']) ? policyRule(parameter['value'], world) : 'its value is no object'
}

function queueRule(queue: Value, { version }: World): string | undefined {
  const args = isObject(queue['arguments']) ? queue['arguments'] : {}
  const type = args['x-queue-type'] ?? 'classic'
  if (type === 'quorum' && 'x-max-priority' in args) return 'a quorum queue cannot have x-max-priority'
  // Without a type it is that of the vhost's default, which may be quorum.
  if (args['x-queue-type'] === 'classic' && 'x-delivery-limit' in args)
    return 'a classic queue cannot have x-delivery-limit'
  if ('x-dead-letter-routing-key' in args && !('x-dead-letter-exchange' in args)) {
    return 'it has x-dead-letter-routing-key without x-dead-letter-exchange'
  }
  if (queue['durable'] === false && isAtLeast(version, '4.3'))
    return 'queues that are not durable are denied from 4.3 on'
  if (queue['durable'] === false && type !== 'classic') return 'a queue of its type must be durable'
  return undefined
}
