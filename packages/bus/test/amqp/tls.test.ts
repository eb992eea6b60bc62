import type { Cluster } from '@warren/cluster/local'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'
import type { TlsOptions } from '../../src/amqp/tls.ts'
import { Authority } from './certificates.ts'
import type { Certificate } from './certificates.ts'
import { makeConnection, makeQueue, messageTo, proxyTo, rawChannel, startPublisher } from './support.ts'

let authority: Authority
let stranger: Authority
let cluster: Cluster
let client: Certificate
let url: string

beforeAll(async () => {
  authority = new Authority('Warren test CA')
  stranger = new Authority('Another CA')
  client = authority.issue('order-service')
  const server = authority.issue('broker', { hosts: ['localhost', 'broker.example'] })
  cluster = await privateCluster({ nodes: 1, tls: { ca: authority.ca, ...server, isPeerVerified: true } })
  url = cluster.nodes[0]!.amqpsUrl!
})

afterAll(async () => {
  authority[Symbol.dispose]()
  stranger[Symbol.dispose]()
  await cluster.down()
})

const failure = (tls: TlsOptions | undefined, target = url): Promise<unknown> =>
  makeConnection([target], { tls })
    .start()
    .then(
      () => 'connected',
      (error: unknown) => error,
    )

describe('amqps', () => {
  it('publishes over a verified connection with a client certificate, and notices its loss', async () => {
    const { channel } = await rawChannel(cluster.amqpUrls[0]!)
    const queue = await makeQueue(channel)
    const { proxy, url: through } = await proxyTo(url)
    const connection = makeConnection([through], { tls: { ca: authority.ca, ...client, servername: 'localhost' } })
    await connection.start()
    const publisher = await startPublisher(connection)
    expect(await publisher.publish(messageTo(queue))).toEqual({ kind: 'confirmed' })
    const again = connection.signals.connected.next()
    proxy.cut()
    await again
  })

  it('is given up when the node freezes', async () => {
    const { proxy, url: through } = await proxyTo(url)
    const tls = { ca: authority.ca, ...client, servername: 'localhost' }
    const connection = makeConnection([through], { tls, idleProbeMs: 500 })
    await connection.start()
    const lost = connection.signals.lost.next()
    proxy.freeze()
    expect((await lost).message).toContain('silent')
  })

  it('reads certificates from files and decrypts the key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warren-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const encrypted = authority.issue('order-service', { passphrase: 'open sesame' })
    const files = { ca: authority.ca, ...encrypted }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, `${name}.pem`), content)
    const paths = { ca: [join(folder, 'ca.pem')], cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    expect(await failure({ ...paths, passphrase: 'open sesame' })).toBe('connected')
    const wrong = await failure({ ...paths, passphrase: 'hunter2' })
    expect(wrong).toMatchObject({ code: 'TLS_FAILED' })
    expect((wrong as Error).message).not.toContain('hunter2')
  })

  it.each([
    ['an authority that did not sign the broker', () => ({ ca: stranger.ca, ...client })],
    ['no authority of ours', () => ({ ...client })],
    ['a certificate for another host', () => ({ ca: authority.ca, ...client, servername: 'other.example' })],
  ])('throws TLS_FAILED with %s', async (_what, tls) => {
    expect(await failure(tls())).toMatchObject({ code: 'TLS_FAILED', details: { username: 'warren' } })
  })

  it('throws TLS_FAILED without the client certificate that the broker asks for, and with one it does not trust', async () => {
    expect(await failure({ ca: authority.ca })).toMatchObject({ code: 'TLS_FAILED' })
    expect(await failure({ ca: authority.ca, ...stranger.issue('order-service') })).toMatchObject({
      code: 'TLS_FAILED',
    })
  })

  it('throws TLS_FAILED where the port speaks no TLS', async () => {
    const plain = new URL(cluster.amqpUrls[0]!)
    const error = await failure({ ca: authority.ca }, `amqps://${plain.host}`)
    expect(error).toMatchObject({ code: 'TLS_FAILED' })
  })

  it('accepts the name that servername says', async () => {
    expect(await failure({ ca: authority.ca, ...client, servername: 'broker.example' })).toBe('connected')
  })
})
