import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import { isWarrenError, WarrenError } from '../../src/errors.ts'
import { makeConnection, msOf, proxyTo, rawChannel, recordingLogger, startConnection, until } from './support.ts'

const UNREACHABLE = 'amqp://127.0.0.1:1'

describe('start', () => {
  it('connects under its name, and a stopped connection can be started again', async () => {
    const { amqpUrls, cluster } = await testVhost()
    const connection = makeConnection(amqpUrls.slice(0, 1), { name: 'order-service publish' })
    for (let round = 0; round < 2; round++) {
      await connection.start()
      expect(connection.state).toBe('connected')
      expect(connection.endpoint).toBe(`127.0.0.1:${new URL(amqpUrls[0]!).port}`)
      await connection.stop()
      expect(connection.state).toBe('stopped')
      expect(connection.current).toBeNull()
    }
    await connection.start()
    const listed = await cluster.ctl('n1', 'list_connections', 'client_properties')
    expect(listed).toContain('order-service publish')
  })

  it('tries the next endpoint at once', async () => {
    const { amqpUrls } = await testVhost()
    const connection = makeConnection([UNREACHABLE, UNREACHABLE, amqpUrls[1]!])
    expect(await msOf(() => connection.start())).toBeLessThan(1_000)
    expect(connection.endpoint).toBe(`127.0.0.1:${new URL(amqpUrls[1]!).port}`)
  })

  it('returns when nothing is reachable, says what it tried, and connects once something is', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    await proxy.refuse()
    const logger = recordingLogger()
    const connection = makeConnection([UNREACHABLE, url], { logger, backoff: { minMs: 20, maxMs: 50 } })
    await connection.start()
    expect(connection.state).toBe('connecting')
    const warning = logger.lines.find(({ level }) => level === 'warn')
    expect(inspect(warning)).toContain('CONNECTION_REFUSED')
    expect(inspect(warning)).toContain('127.0.0.1:1 (connect ECONNREFUSED')

    await proxy.accept()
    await connection.signals.connected.next()
    expect(connection.state).toBe('connected')
  })

  it.each([
    ['password', (url: URL) => (url.password = 'hunter2'), 'Check the user name and the password'],
    ['user', (url: URL) => (url.username = 'nobody'), 'refused the user "nobody"'],
    ['vhost', (url: URL) => (url.pathname = '/nowhere'), 'did not open the vhost "nowhere"'],
  ])(
    'throws ACCESS_REFUSED for a wrong %s after one attempt at each endpoint, and shows no password',
    async (_what, change, says) => {
      const { amqpUrls } = await testVhost()
      const proxied = await Promise.all(amqpUrls.slice(0, 2).map(proxyTo))
      const secret = new URL(amqpUrls[0]!).password
      const urls = proxied.map(({ url }) => {
        const changed = new URL(url)
        change(changed)
        return changed.href
      })
      const logger = recordingLogger()
      const connection = makeConnection(urls, { logger })
      const error: unknown = await connection.start().catch((thrown: unknown) => thrown)
      expect(isWarrenError(error, 'ACCESS_REFUSED')).toBe(true)
      expect((error as WarrenError).message).toContain(says)
      expect(connection.state).toBe('stopped')
      expect(proxied.map(({ proxy }) => proxy.connections)).toEqual([1, 1])
      const shown = inspect([error, logger.lines, connection], { depth: 12, showHidden: true }) + JSON.stringify(error)
      expect(shown).not.toContain('hunter2')
      expect(shown).not.toContain(secret)
    },
  )

  it('gives up a node that takes the connection and says nothing', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    proxy.freeze('toClient')
    const connection = makeConnection([url, amqpUrls[1]!], { connectTimeoutMs: 300 })
    expect(await msOf(() => connection.start())).toBeLessThan(1_500)
    expect(connection.endpoint).toBe(`127.0.0.1:${new URL(amqpUrls[1]!).port}`)
  })
})

describe('a lost connection', () => {
  it('is replaced by one to another endpoint, at once', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url, amqpUrls[1]!])
    const lost = connection.signals.lost.next()
    const connected = connection.signals.connected.next()
    const gapMs = await msOf(async () => {
      proxy.cut()
      await lost
      expect(connection.state).toBe('connecting')
      expect(connection.current).toBeNull()
      await connected
    })
    expect(gapMs).toBeLessThan(1_000)
    expect(connection.endpoint).toBe(`127.0.0.1:${new URL(amqpUrls[1]!).port}`)
  })

  it('comes back by itself when the broker closes it', async () => {
    const { amqpUrls, cluster, vhost } = await testVhost()
    const connection = await startConnection(amqpUrls)
    const connected = connection.signals.connected.next()
    await cluster.ctl('n1', 'close_all_connections', '--vhost', vhost, 'test')
    await connected
    expect(connection.state).toBe('connected')
  })

  it('is noticed within 4 s when the node freezes and nothing is sent, and the frozen node is not tried next', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url, amqpUrls[1]!], { idleProbeMs: 1_000 })
    const lost = connection.signals.lost.next()
    const connected = connection.signals.connected.next()
    const noticedMs = await msOf(async () => {
      proxy.freeze()
      expect((await lost).message).toContain('silent')
    })
    expect(noticedMs).toBeGreaterThan(1_000)
    expect(noticedMs).toBeLessThan(4_000)
    expect(await msOf(() => connected)).toBeLessThan(1_000)
    expect(proxy.connections).toBe(1)
  })

  it('is not given up while this process is blocked', async () => {
    const { amqpUrls } = await testVhost()
    const connection = await startConnection(amqpUrls, { idleProbeMs: 200 })
    let losses = 0
    connection.signals.lost.on(() => losses++)
    for (let round = 0; round < 3; round++) {
      const blockedUntilMs = performance.now() + 800
      while (performance.now() < blockedUntilMs);
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await connection.answers(2_000)).toBe(true)
    expect(losses).toBe(0)
  })

  it('does not storm a node that drops every connection', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url], { backoff: { minMs: 100, maxMs: 400 } })
    connection.signals.connected.on(() => proxy.cut())
    proxy.cut()
    await until(connection.signals.lost, () => proxy.connections >= 4)
    const before = proxy.connections
    const startedAtMs = performance.now()
    await until(proxy.signals.connected, () => proxy.connections === before + 5)
    // Five rounds with full jitter between a tenth and all of 400 ms.
    expect(performance.now() - startedAtMs).toBeGreaterThan(200)
  })

  it('waits long between attempts when the credentials were changed, and comes back with new permissions', async () => {
    const { amqpUrls, cluster, vhost } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const user = `u${vhost}`
    await cluster.management(`users/${user}`, { method: 'PUT', body: { password: 'right', tags: '' } })
    await cluster.management(`permissions/${vhost}/${user}`, {
      method: 'PUT',
      body: { configure: '.*', write: '.*', read: '.*' },
    })
    const mine = new URL(url)
    mine.username = user
    mine.password = 'right'
    const logger = recordingLogger()
    const connection = await startConnection([mine.href], { logger, refusedRetryMs: 1_000 })
    await cluster.management(`users/${user}`, { method: 'PUT', body: { password: 'changed', tags: '' } })
    const before = proxy.connections
    proxy.cut()
    // The first round ends with the loss itself.
    while ((await connection.signals.failed.next()).code !== 'ACCESS_REFUSED');
    expect(logger.lines.at(-1)).toMatchObject({ level: 'error', fields: { retryMs: 1_000 } })
    await connection.signals.failed.next()
    expect(proxy.connections - before).toBeLessThanOrEqual(3)

    await cluster.management(`users/${user}`, { method: 'PUT', body: { password: 'right', tags: '' } })
    await connection.signals.connected.next()
    await cluster.management(`users/${user}`, { method: 'DELETE' })
  })
})

describe('setups', () => {
  it('run in their order on every connection, before it counts as connected', async () => {
    const { amqpUrls } = await testVhost()
    const connection = makeConnection(amqpUrls)
    const order: string[] = []
    connection.onConnected(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`first ${connection.state}`)
    })
    connection.onConnected(() => Promise.resolve(void order.push('second')))
    connection.signals.connected.on(() => order.push(`connected ${connection.state}`))
    await connection.start()
    const again = connection.signals.connected.next()
    connection.drop(new Error('for the test'))
    await again
    const once = ['first connecting', 'second', 'connected connected']
    expect(order).toEqual([...once, ...once])
  })

  it('cost the connection when they fail, and are tried on the next', async () => {
    const { amqpUrls } = await testVhost()
    const connection = makeConnection(amqpUrls, { backoff: { minMs: 10, maxMs: 20 } })
    const endpoints = new Set<unknown>()
    let runs = 0
    connection.onConnected((model) => {
      endpoints.add(model)
      return ++runs < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()
    })
    const connected = connection.signals.connected.next()
    await connection.start()
    await connected
    expect(runs).toBe(3)
    expect(endpoints.size).toBe(3)
  })

  it('make start() throw what cannot heal', async () => {
    const { amqpUrls } = await testVhost()
    const connection = makeConnection(amqpUrls)
    connection.onConnected(() => Promise.reject(new WarrenError('QUEUE_INEQUIVALENT', 'it is classic')))
    await expect(connection.start()).rejects.toMatchObject({ code: 'QUEUE_INEQUIVALENT' })
    expect(connection.state).toBe('stopped')
  })
})

describe('stop', () => {
  it('returns soon when the node does not answer, and while nothing is reachable', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const frozen = await startConnection([url])
    proxy.freeze()
    expect(await msOf(() => frozen.stop())).toBeLessThan(3_000)

    const away = await startConnection([UNREACHABLE], { backoff: { minMs: 60_000, maxMs: 60_000 } })
    expect(await msOf(() => away.stop())).toBeLessThan(500)
  })

  it('leaves no connection behind', async () => {
    const { amqpUrls } = await testVhost()
    const { proxy, url } = await proxyTo(amqpUrls[0]!)
    const connection = await startConnection([url])
    await (await rawChannel(amqpUrls[0]!)).channel.close()
    const gone = until(proxy.signals.disconnected, () => proxy.open === 0)
    await connection.stop()
    await gone
  })
})
