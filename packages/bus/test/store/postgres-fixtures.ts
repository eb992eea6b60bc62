import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { onTestFinished } from 'vitest'

import type { Store } from '../../src/store/store.ts'
import { gate, until } from './fixtures.ts'

/** Resolves when this many statements in this store's database wait for a lock. */
export function untilBlocked(watcher: Pick<Store, 'query'>, count = 1): Promise<void> {
  return until(async () => {
    const { rows } = await watcher.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length >= count
  })
}

export interface PostgresProxy {
  readonly url: string
  /** How often the client has sent something after the server had: the round trips, of one connection at a time. */
  readonly roundTrips: number
  /** From now on questions go through and answers do not. */
  swallowAnswers(): void
  /** Resolves when an answer was swallowed. */
  readonly swallowed: Promise<void>
  /** Ends all connections. */
  cut(): void
}

/** Stands between a store and its database. */
export async function proxyTo(url: string): Promise<PostgresProxy> {
  const target = new URL(url)
  const [port, host] = [Number(target.port), target.hostname]
  const sockets = new Set<Socket>()
  const swallowed = gate()
  let swallows = false
  let roundTrips = 0
  let isClientsTurn = true

  const server = createServer((client) => {
    const upstream = connect(port, host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
    }
    client.on('data', (chunk) => {
      if (isClientsTurn) roundTrips++
      isClientsTurn = false
      upstream.write(chunk)
    })
    client.on('end', () => upstream.end())
    upstream.on('data', (chunk) => {
      isClientsTurn = true
      if (swallows) swallowed.open()
      else client.write(chunk)
    })
    upstream.on('end', () => client.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  target.port = String((server.address() as AddressInfo).port)
  return {
    url: target.href,
    get roundTrips() {
      return roundTrips
    },
    swallowAnswers() {
      swallows = true
    },
    swallowed: swallowed.opened,
    cut,
  }
}
