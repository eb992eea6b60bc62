import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { namespaceHost } from '../src/local/hosts/host.ts'
import { namespaceOf } from '../src/local/hosts/layout.ts'
import { createNetwork, removeNetwork, restoreNetwork } from '../src/local/hosts/network.ts'
import { heal, part, sides } from '../src/local/hosts/partition.ts'
import { temporaryNetwork, traces, whyNoHosts } from './support/hosts.ts'

const why = await whyNoHosts()
if (why !== undefined) process.stderr.write(`skipped: tests of networks: ${why}\n`)

describe.skipIf(why !== undefined)(`a network of hosts${why === undefined ? '' : ` (${why})`}`, () => {
  test('has addresses that no other network has, also when several are made at once, and leaves nothing', async () => {
    const networks = await Promise.all([['n1'], ['n1', 'n2'], ['n1'], ['n1'], ['n1'], ['n1']].map(temporaryNetwork))
    const subnets = networks.map(({ network }) => network.subnet)
    expect(new Set(subnets).size).toBe(networks.length)
    for (const { network } of networks) {
      // The namespaces, the link, and the route to the hosts.
      expect((await traces(network.id)).length).toBeGreaterThanOrEqual(network.hosts.length + 3)
    }
    await Promise.all(networks.map((each) => each[Symbol.asyncDispose]()))
    for (const { network } of networks) {
      expect(await traces(network.id)).toEqual([])
      expect(await traces(`${network.subnet}.`)).toEqual([])
    }
  })

  test('is reached by this machine, and its hosts reach each other and nothing else', async () => {
    await using made = await temporaryNetwork(['n1', 'n2'])
    const [one, two] = await Promise.all([answers(made.network.id, 'n1'), answers(made.network.id, 'n2')])
    const address = (number: number) => `${made.network.subnet}.${number}`
    await one.listen(address(1))
    await two.listen(address(2))
    expect(await connects(address(1))).toBe('connected')
    expect(await connects(address(2), one)).toBe('connected')
    // What a host knows of the world is its own network.
    expect(await connects('192.0.2.1', one)).toBe('ENETUNREACH')
  })

  test('loses what one side sends to another in silence, both ways, until it is healed', async () => {
    await using made = await temporaryNetwork(['n1', 'n2', 'n3'])
    const { network } = made
    const spaces = await Promise.all(network.hosts.map((host) => answers(network.id, host)))
    const address = (index: number) => `${network.subnet}.${index + 1}`
    await Promise.all(spaces.map((space, index) => space.listen(address(index))))
    const pairs = [0, 1, 2].flatMap((from) => [0, 1, 2].filter((to) => to !== from).map((to) => [from, to] as const))
    const reached = async () => {
      const outcomes = await Promise.all(
        pairs.map(async ([from, to]) => [`n${from + 1} n${to + 1}`, await connects(address(to), spaces[from])]),
      )
      expect(new Set(outcomes.map(([, outcome]) => outcome))).not.toContain('ECONNREFUSED')
      return outcomes.filter(([, outcome]) => outcome === 'connected').map(([pair]) => pair)
    }
    expect(await reached()).toHaveLength(6)

    expect(await part(network, [['n3']])).toEqual([['n3'], ['n1', 'n2']])
    expect(await sides(network)).toEqual([['n1', 'n2'], ['n3']])
    expect(await reached()).toEqual(['n1 n2', 'n2 n1'])
    expect(await connects(address(2))).toBe('connected')

    await part(network, [['n1'], ['n2', 'n3']])
    // A connection needs both ways; a datagram tells them apart.
    await Promise.all(pairs.map(([from, to]) => spaces[from]!.send(address(to))))
    expect(await reached()).toEqual(['n2 n3', 'n3 n2'])
    expect(await Promise.all(spaces.map((space) => space.heard()))).toEqual(['nobody', address(2), address(1)])

    await heal(network)
    expect(await sides(network)).toEqual([['n1', 'n2', 'n3']])
    expect(await reached()).toHaveLength(6)
  })

  test('gives a process the name of its host, its hosts file, and no root, under the pid that was started', async () => {
    await using made = await temporaryNetwork(['n1'])
    const hostsFile = join(made.folder, 'hosts')
    await writeFile(hostsFile, '198.18.0.1 somebody\n')
    const host = namespaceHost({ name: 'n1', address: '', namespace: namespaceOf(made.network, 'n1'), hostsFile })
    const script = 'echo $$; id -u; cat /proc/sys/kernel/hostname; cat /etc/hosts'
    const { program, args } = host.launch({
      program: '/bin/sh',
      args: ['-c', script],
      account: { uid: 65534, gid: 65534 },
    })
    const child = promisify(execFile)(program, args)
    const [pid, uid, name, hosts] = (await child).stdout.split('\n')
    expect([pid, uid, name]).toEqual([String(child.child.pid), '65534', 'n1'])
    expect(hosts).toBe('198.18.0.1 somebody')
  })

  test('comes back as it was when it is gone, as after a reboot, and is left alone when it is there', async () => {
    await using made = await temporaryNetwork(['n1', 'n2'])
    const { folder, network } = made
    await part(network, [['n1']])
    await restoreNetwork(folder, network)
    expect(await sides(network)).toHaveLength(2)

    await removeNetwork(folder)
    expect(await traces(network.id)).toEqual([])
    await restoreNetwork(folder, network)
    expect(await sides(network)).toHaveLength(1)
    expect((await traces(`${network.subnet}.0/24`)).length).toBeGreaterThan(0)
  })

  test('does not come back where another has its addresses by now, and leaves nothing of the try', async () => {
    await using gone = await temporaryNetwork(['n1'])
    await removeNetwork(gone.folder)
    const { subnet } = gone.network
    await using other = await temporaryNetwork(['n1'])
    // In the addresses of the one that is gone, as one has them that chose them at the same moment.
    const network = { ...other.network, subnet }
    await removeNetwork(other.folder)
    await restoreNetwork(other.folder, network)
    await expect(restoreNetwork(gone.folder, gone.network)).rejects.toMatchObject({
      code: 'ADDRESSES_EXHAUSTED',
      message: expect.stringContaining(`${subnet}.0/24`) as unknown,
    })
    expect(await traces(gone.network.id)).toEqual([])
    expect((await traces(`${subnet}.0/24`)).length).toBeGreaterThan(0)
  })

  test('is made anew over what an earlier one left', async () => {
    await using made = await temporaryNetwork(['n1', 'n2'])
    await answers(made.network.id, 'n2')
    const again = await createNetwork({
      home: made.folder,
      folder: made.folder,
      hosts: ['n1'],
      onProgress: () => undefined,
    })
    expect(again.id).toBe(made.network.id)
    expect(await traces(`${again.id}-n2`)).toEqual([])
  })
})

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('where it cannot be had', () => {
  const ordinary = ['--reuid=65534', '--regid=65534', '--clear-groups']
  // The checkout may be in a folder that only root can enter.
  const readsAnywhere = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']

  test.each([
    ['an ordinary user', [...ordinary, ...readsAnywhere], /^HOSTS_UNAVAILABLE .*need root.*sudo/],
    ['root without the capabilities', ['--bounding-set=-net_admin,-sys_admin'], /^HOSTS_UNAVAILABLE .*CAP_NET_ADMIN/],
  ])('%s is told what is missing', async (_, limits, answer) => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-network-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const program = join(import.meta.dirname, 'programs/network.ts')
    const args = [...limits, '--', process.execPath, '--conditions=@warren/source', program, folder]
    const { stdout } = await promisify(execFile)('setpriv', args, { cwd: '/' })
    expect(stdout).toMatch(answer)
  })
})

interface Space {
  readonly listen: (address: string) => Promise<string>
  readonly connect: (address: string) => Promise<string>
  /** Sends a datagram to where another host listens. */
  readonly send: (address: string) => Promise<string>
  /** The addresses that datagrams came from. */
  readonly heard: () => Promise<string>
}

const PORT = 9999
const SILENCE_MS = 700

// What runs on a host: it takes orders on stdin, one per line, and answers each with a line.
const AGENT = `
  const net = require('node:net')
  const datagrams = require('node:dgram').createSocket('udp4')
  const senders = new Set()
  datagrams.on('message', (_, from) => senders.add(from.address))
  const connect = (address, tell) => {
    const socket = net.createConnection({ port: ${PORT}, host: address })
    const end = (word) => { socket.destroy(); clearTimeout(timer); tell(word) }
    const timer = setTimeout(() => end('silence'), ${SILENCE_MS})
    socket.once('connect', () => end('connected')).once('error', (error) => end(error.code))
  }
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const [id, verb, address] = line.split(' ')
    const tell = (word) => console.log(id + ' ' + word)
    if (verb === 'connect') connect(address, tell)
    else if (verb === 'send') datagrams.send('', ${PORT}, address, () => tell('sent'))
    else if (verb === 'heard') tell([...senders].join() || 'nobody')
    else {
      datagrams.bind(${PORT}, address)
      net.createServer((socket) => socket.end()).listen(${PORT}, address, () => tell('listening'))
    }
  })`

/** A process on a host, which ends with the test. */
async function answers(id: string, host: string): Promise<Space> {
  const args = [`--net=/run/netns/${id}-${host}`, process.execPath, '-e', AGENT]
  const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('spawn', resolve))
  const waiting = new Map<string, (word: string) => void>()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const [id = '', word = ''] of lines.map((line) => line.split(' '))) waiting.get(id)?.(word)
  })
  let orders = 0
  const order = (verb: string, address: string) =>
    new Promise<string>((resolve) => {
      waiting.set(String(++orders), resolve)
      child.stdin.write(`${orders} ${verb} ${address}\n`)
    })
  return {
    listen: (address) => order('listen', address),
    connect: (address) => order('connect', address),
    send: (address) => order('send', address),
    heard: () => order('heard', ''),
  }
}

/** How a connection goes, from a host or from this machine: `connected`, `silence`, or the code of an error. */
function connects(address: string, from?: Space): Promise<string> {
  if (from) return from.connect(address)
  return new Promise((resolve) => {
    const socket = createConnection({ port: PORT, host: address, timeout: SILENCE_MS })
    socket.once('connect', () => resolve('connected')).once('error', () => resolve('error'))
    socket.once('timeout', () => resolve('silence'))
    socket.once('connect', () => socket.destroy())
  })
}
