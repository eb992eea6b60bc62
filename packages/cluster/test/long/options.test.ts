import { startCluster } from '@warren/cluster/local'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'

test('does not mind that the ports RabbitMQ usually takes are taken', async () => {
  const usual = [4369, 5672, 15672, 25672]
  const servers = await Promise.all(usual.map(occupy))
  try {
    await using cluster = await privateCluster({ nodes: 1 })
    expect(await cluster.state('n1')).toBe('running')
    expect(usual).not.toContain(cluster.node('n1').amqpPort)
  } finally {
    for (const server of servers) server?.close()
  }
})

test('enables the plugins and applies the settings that are asked for', async () => {
  await using cluster = await privateCluster({
    nodes: 1,
    plugins: ['rabbitmq_consistent_hash_exchange'],
    config: { channel_max: 77 },
  })
  const { exchange_types } = await cluster.management<{ exchange_types: { name: string }[] }>('overview')
  expect(exchange_types.map(({ name }) => name)).toContain('x-consistent-hash')
  expect(await cluster.ctl('n1', 'environment')).toMatch(/channel_max,77/)
})

test('speaks TLS, and asks clients for a certificate when it should verify them', async () => {
  const { ca, server, client } = await makeCertificates()
  await using cluster = await privateCluster({ nodes: 1, tls: { ca, ...server, isPeerVerified: true } })
  const port = cluster.node('n1').tlsPort!

  expect(await amqpAnswers(port, { ca, ...client })).toBe(true)
  expect(await amqpAnswers(port, { ca })).toBe(false)
})

test('says what is wrong with a name, a number of nodes and a setting', async () => {
  const { home } = inject('warrenRun')
  await expect(startCluster({ home, name: '../evil' })).rejects.toMatchObject({ code: 'CLUSTER_INVALID' })
  await expect(startCluster({ home, nodes: 0 })).rejects.toMatchObject({ code: 'CLUSTER_INVALID' })
  await expect(startCluster({ home, version: '4' })).rejects.toMatchObject({ code: 'CLUSTER_INVALID' })
  await expect(startCluster({ home, version: '4.9' })).rejects.toMatchObject({ code: 'VERSION_UNAVAILABLE' })
  const start = privateCluster({ nodes: 1, config: { 'no.such.setting': 1 } })
  await expect(start).rejects.toMatchObject({ code: 'CLUSTER_START_FAILED', message: /no\.such\.setting/ })
})

/** Listens on a port, unless somebody does already. */
async function occupy(port: number): Promise<Server | undefined> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

/** True if the broker says its first words (connection.start) to a client with these certificates. */
async function amqpAnswers(port: number, options: { ca: string; cert?: string; key?: string }): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
  socket.write('AMQP\0\0\x09\x01')
  const answers = await new Promise<boolean>((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes[0] === 1))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
  socket.destroy()
  return answers
}

async function makeCertificates() {
  const folder = await mkdtemp(join(tmpdir(), 'warren-certificates-'))
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder })
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test CA')
  const issue = async (name: string, extensions: readonly string[]) => {
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`]
    await openssl('req', ...newKey, ...request, ...extensions.flatMap((extension) => ['-addext', extension]))
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy']
    await openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed)
    return { cert: await read(`${name}.pem`), key: await read(`${name}.key`) }
  }
  const server = await issue('localhost', ['subjectAltName=DNS:localhost,IP:127.0.0.1'])
  const client = await issue('client', ['extendedKeyUsage=clientAuth'])
  return { ca: await read('ca.pem'), server, client }
}
