import type { Channel, ChannelModel } from 'amqplib'
import { WarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { answerOf, closeChannel, openChannel } from './channel.ts'
import { parseInequivalence } from './inequivalence.ts'
import type { Inequivalence } from './inequivalence.ts'
import { replyCodeOf, textOf } from './reply.ts'

export interface ExchangeDeclaration {
  readonly name: string
  readonly type: 'topic' | 'direct' | 'fanout'
}

export type QueueArguments = Readonly<Record<string, string | number | boolean>>

export interface QueueDeclaration {
  readonly name: string
  readonly arguments: QueueArguments
}

export type Binding =
  | { readonly source: string; readonly queue: string; readonly key: string }
  | { readonly source: string; readonly exchange: string; readonly key: string }

/** Exchanges, queues and bindings that something needs on the broker; all durable. Plain data. */
export interface Topology {
  readonly exchanges: readonly ExchangeDeclaration[]
  readonly queues: readonly QueueDeclaration[]
  readonly bindings: readonly Binding[]
  /** Bindings that may be left from before and are removed. */
  readonly unbindings?: readonly Binding[]
}

const tolerated: ReadonlySet<string> = new Set(['x-delivery-limit', 'x-single-active-consumer'])

const ACCESS_REFUSED = 403
const NOT_FOUND = 404
const PRECONDITION_FAILED = 406

/**
 * Declares what is missing, on a channel of its own. Queues and exchanges that are there already are used when they are
 * equivalent, or when this user may not declare them. A queue that differs in `x-delivery-limit` or `x-single-active-consumer`
 * alone is used as it is, with a warning: neither decides what arrives, and a queue's arguments cannot be changed. Throws QUEUE_INEQUIVALENT, EXCHANGE_INEQUIVALENT, TOPOLOGY_REFUSED; and amqplib's own errors when the
 * connection is lost.
 */
export async function ensureTopology(model: ChannelModel, topology: Topology, logger: Logger): Promise<void> {
  const declarer = new Declarer(model, logger)
  try {
    for (const exchange of topology.exchanges) await declarer.exchange(exchange)
    for (const queue of topology.queues) await declarer.queue(queue)
    for (const binding of topology.bindings) await declarer.bind(binding)
    for (const binding of topology.unbindings ?? []) await declarer.unbind(binding)
  } finally {
    await declarer.close()
  }
}

/** True when trying again, without anybody changing anything, may succeed. */
export function canHeal(error: unknown): boolean {
  if (!(error instanceof WarrenError)) return true
  return error.code === 'TOPOLOGY_REFUSED' && error.details['replyCode'] !== ACCESS_REFUSED
}

type Refusal = { readonly code: number; readonly text: string }

/** Asks the broker for one thing at a time. A refusal kills the channel; the next request gets a new one. */
class Declarer {
  readonly #model: ChannelModel
  readonly #logger: Logger
  #channel: Channel | null = null

  constructor(model: ChannelModel, logger: Logger) {
    this.#model = model
    this.#logger = logger
  }

  // Active first: declaring what is there and equivalent is one round trip and changes nothing, and it is the only way
  // over AMQP to learn that it is not equivalent. A passive declare needs no permission and settles the rest.
  async exchange({ name, type }: ExchangeDeclaration): Promise<void> {
    const refusal = await this.#try('declare an exchange', (channel) =>
      channel.assertExchange(name, type, { durable: true }),
    )
    if (refusal === null) return
    if (refusal.code === ACCESS_REFUSED && (await this.#exists((channel) => channel.checkExchange(name)))) return
    const difference = refusal.code === PRECONDITION_FAILED ? parseInequivalence(refusal.text) : null
    if (difference === null) throw refused(`exchange "${name}"`, refusal)
    // An alternate exchange, say, is the operator's choice; it does not change where events go.
    if (difference.argument !== 'type' && difference.argument !== 'durable' && difference.argument !== 'internal') {
      this.#logger.warn(
        { exchange: name, ...difference },
        'exchange has other arguments than declared; it is used as it is',
      )
      return
    }
    throw new WarrenError(
      'EXCHANGE_INEQUIVALENT',
      `exchange "${name}" exists and differs: ${describe(difference)}. Delete it, or choose other names`,
      { exchange: name, differences: [difference] },
    )
  }

  async queue({ name, arguments: wanted }: QueueDeclaration): Promise<void> {
    const differences: Inequivalence[] = []
    let tried: QueueArguments = wanted
    // The broker names one difference at a time, and not the most telling first: adopt what it has until it agrees.
    for (;;) {
      const refusal = await this.#try('declare a queue', (channel) =>
        channel.assertQueue(name, { durable: true, arguments: tried }),
      )
      if (refusal === null) break
      if (refusal.code === ACCESS_REFUSED && (await this.#exists((channel) => channel.checkQueue(name)))) break
      const difference = refusal.code === PRECONDITION_FAILED ? parseInequivalence(refusal.text) : null
      if (difference === null) throw refused(`queue "${name}"`, refusal)
      const isNew = differences.every(({ argument }) => argument !== difference.argument)
      if (isNew) differences.push(difference)
      if (!isNew || !difference.argument.startsWith('x-')) break
      tried = adopt(tried, difference)
    }
    if (differences.length === 0) return
    if (differences.every(({ argument }) => tolerated.has(argument))) {
      for (const { argument, ...values } of differences)
        this.#logger.warn(
          { queue: name, argument, ...values },
          `queue has another ${argument} than wanted; it is used as it is`,
        )
      return
    }
    throw new WarrenError(
      'QUEUE_INEQUIVALENT',
      `queue "${name}" exists and differs: ${differences.map(describe).join('; ')}. Drain and delete it, or name the subscription differently`,
      { queue: name, differences },
    )
  }

  async bind(binding: Binding): Promise<void> {
    const refusal = await this.#try('bind', (channel) =>
      'queue' in binding
        ? channel.bindQueue(binding.queue, binding.source, binding.key)
        : channel.bindExchange(binding.exchange, binding.source, binding.key),
    )
    if (refusal !== null) throw refused(describeBinding(binding), refusal)
  }

  async unbind(binding: Binding): Promise<void> {
    const refusal = await this.#try('unbind', (channel) =>
      'queue' in binding
        ? channel.unbindQueue(binding.queue, binding.source, binding.key)
        : channel.unbindExchange(binding.exchange, binding.source, binding.key),
    )
    // Not there is what was wanted.
    if (refusal !== null && refusal.code !== NOT_FOUND) throw refused(describeBinding(binding), refusal)
  }

  async close(): Promise<void> {
    const channel = this.#channel
    this.#channel = null
    if (channel !== null) await closeChannel(channel)
  }

  async #exists(check: (channel: Channel) => Promise<unknown>): Promise<boolean> {
    return (await this.#try('look', check)) === null
  }

  /** Null when the broker agreed; its refusal otherwise. Rethrows when the connection is gone. */
  async #try(what: string, request: (channel: Channel) => Promise<unknown>): Promise<Refusal | null> {
    const channel = (this.#channel ??= await openChannel(this.#model))
    try {
      await answerOf(request(channel), what)
      return null
    } catch (error) {
      this.#channel = null
      const code = replyCodeOf(error)
      if (code !== null) return { code, text: textOf(error) }
      void closeChannel(channel)
      throw error
    }
  }
}

function refused(what: string, { code, text }: Refusal): WarrenError {
  const hint = code === ACCESS_REFUSED ? '; grant the user configure, write and read permission on it' : ''
  return new WarrenError('TOPOLOGY_REFUSED', `the broker refused ${what}: ${text}${hint}`, {
    replyCode: code,
    replyText: text,
  })
}

function describe({ argument, current, wanted }: Inequivalence): string {
  return `${argument} is ${current ?? 'not set'}, wanted is ${wanted ?? 'none'}`
}

function adopt(wanted: QueueArguments, { argument, current }: Inequivalence): QueueArguments {
  const { [argument]: _replaced, ...others } = wanted
  if (current === null) return others
  return { ...others, [argument]: valueOf(current) }
}

function describeBinding(binding: Binding): string {
  const target = 'queue' in binding ? `queue "${binding.queue}"` : `exchange "${binding.exchange}"`
  return `to bind ${target} to "${binding.source}" with "${binding.key}"`
}

/** The broker's message has values as text. */
function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d+$/.test(text) ? Number(text) : text
}
