import { isAtLeast } from '../management/version.ts'
import { isObject, type Value } from '../resources/value.ts'
import type { ImportTarget } from './check-import.ts'

type QueueType = 'classic' | 'quorum' | 'stream'

interface ArgumentRule {
  /** Types that it is refused for. */
  readonly notFor?: readonly QueueType[]
  /** Why a value is refused. */
  readonly value?: (value: unknown) => string | undefined
}

/** What 3.10.8, 4.0.5 and 4.3.6 answer to an import; an argument that is not here they all take. */
const argumentRules: Readonly<Record<string, ArgumentRule>> = {
  'x-message-ttl': { notFor: ['stream'], value: wholeFrom(0) },
  'x-expires': { notFor: ['stream'], value: wholeFrom(1) },
  'x-max-length': { notFor: ['stream'], value: wholeFrom(0) },
  'x-max-length-bytes': { value: wholeFrom(0) },
  'x-max-priority': { notFor: ['quorum', 'stream'], value: wholeFrom(0, 255) },
  'x-overflow': { notFor: ['stream'], value: oneOf('drop-head', 'reject-publish', 'reject-publish-dlx') },
  'x-dead-letter-exchange': { notFor: ['stream'], value: isText },
  'x-dead-letter-routing-key': { notFor: ['stream'], value: isText },
  'x-dead-letter-strategy': { notFor: ['classic', 'stream'], value: oneOf('at-most-once', 'at-least-once') },
  'x-single-active-consumer': {
    notFor: ['stream'],
    value: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  },
  'x-queue-mode': { notFor: ['quorum', 'stream'] },
  'x-queue-version': { notFor: ['quorum', 'stream'], value: wholeFrom(1, 2) },
  'x-queue-master-locator': { notFor: ['quorum', 'stream'] },
  'x-delivery-limit': { notFor: ['classic', 'stream'] },
  'x-quorum-initial-group-size': { notFor: ['classic', 'stream'], value: wholeFrom(1) },
  'x-max-age': { notFor: ['classic', 'quorum'], value: ageRule },
  'x-stream-max-segment-size-bytes': { notFor: ['classic', 'quorum'], value: wholeFrom(0) },
  'x-initial-cluster-size': { notFor: ['classic', 'quorum'], value: wholeFrom(1) },
}

/** Why a broker would stop at this queue, or answer that all is well and not make it. */
export function queueRule(queue: Value, { version, denied }: ImportTarget): string | undefined {
  const args = isObject(queue['arguments']) ? queue['arguments'] : {}
  // Without one it is that of the vhost's default, which may be any.
  const type = args['x-queue-type']
  if (type !== undefined && !isQueueType(type)) return `no broker knows the queue type ${JSON.stringify(type)}`
  for (const [name, value] of Object.entries(args)) {
    const rule = argumentRules[name]
    if (type !== undefined && rule?.notFor?.includes(type) === true) return `a ${type} queue cannot have ${name}`
    const why = rule?.value?.(value)
    if (why !== undefined) return `its argument ${name} ${why}`
  }
  if ('x-dead-letter-routing-key' in args && !('x-dead-letter-exchange' in args)) {
    return 'it has x-dead-letter-routing-key without x-dead-letter-exchange'
  }
  // The broker does not make such a queue, and says nothing.
  if (isReplicated(type) && queue['durable'] === false)
    return `a ${type} queue must be durable; it would be left out in silence`
  if (isReplicated(type) && queue['auto_delete'] === true) {
    return `a ${type} queue cannot be auto-delete; it would be left out in silence`
  }
  if ('x-queue-master-locator' in args && isAtLeast(version, '4.3')) {
    return 'x-queue-master-locator ended with 4.3, and the queue would be left out in silence; --for-version takes it away'
  }
  if (queue['durable'] === false && denied?.has('transient_nonexcl_queues') === true) {
    return 'the broker denies queues that are not durable'
  }
  return undefined
}

function isReplicated(type: unknown): boolean {
  return type === 'quorum' || type === 'stream'
}

function isQueueType(type: unknown): type is QueueType {
  return type === 'classic' || type === 'quorum' || type === 'stream'
}

function wholeFrom(least: number, most = Number.MAX_SAFE_INTEGER): (value: unknown) => string | undefined {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  return (value) => {
    const isWhole = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    return isWhole ? undefined : `must be a whole number ${range}`
  }
}

function oneOf(...values: readonly string[]): (value: unknown) => string | undefined {
  return (value) => (values.some((each) => each === value) ? undefined : `must be one of ${values.join(', ')}`)
}

function isText(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'must be a text'
}

function ageRule(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d+[YMDhms]$/.test(value) ? undefined : 'must be like 7D'
}
