import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isClusterError } from '../../errors.ts'
import { runCommand } from '../processes/command.ts'
import { processesIn, signal } from '../processes/identity.ts'
import { waitForEnd, writeAtomically } from '../processes/server.ts'
import type { Progress } from '../progress.ts'
import { exists } from '../install/packages.ts'
import { freeSubnets, noSubnet, takenSubnet, type Subnet } from './addresses.ts'
import { type IpTool, ipTool, requireRoot, runBatch, runIp, unavailable } from './ip.ts'
import { layoutOf, namespaceOf } from './layout.ts'

/**
 * The network of one cluster: a namespace for each host, and one between them that forwards. Hosts have no way out of it;
 * this machine reaches them, and other machines do not. The names come from the cluster's folder, so that no two clusters
 * share them, in whatever checkout they are.
 */
export interface Network {
  /** The namespace of the router, and the link of this machine to it; a host's namespace is `<id>-<host>`. */
  readonly id: string
  readonly subnet: Subnet
  readonly hosts: readonly string[]
  readonly ip: IpTool
}

/**
 * Makes a network for the hosts, the first of which is `.1`, in a range of addresses that nothing on this machine uses.
 * What is left of an earlier one of the folder goes first. Throws HOSTS_UNAVAILABLE, ADDRESSES_EXHAUSTED.
 */
export async function createNetwork(options: {
  readonly home: string
  readonly folder: string
  readonly hosts: readonly string[]
  readonly onProgress: Progress
}): Promise<Network> {
  const { home, folder, hosts, onProgress } = options
  await removeNetwork(folder)
  const ip = await ipTool(home, onProgress)
  // 15 characters, which is all that the name of a link may have.
  const id = `warren-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`
  for (const subnet of freeSubnets(await routedPrefixes(ip))) {
    const network: Network = { id, subnet, hosts, ip }
    // Before anything is made: a caller that dies half-way is cleaned up behind by this.
    await writeAtomically(recordPath(folder), JSON.stringify(network))
    if (await layNetwork(network)) return network
    await removeNetwork(folder)
  }
  throw noSubnet()
}

/** Makes the network of a stopped cluster again if it is gone, as after a reboot. Throws HOSTS_UNAVAILABLE, ADDRESSES_EXHAUSTED. */
export async function restoreNetwork(folder: string, network: Network): Promise<void> {
  requireRoot()
  const present = await namespacesOf(network.id)
  if (present.includes(network.id) && network.hosts.every((host) => present.includes(namespaceOf(network, host))))
    return
  await removeNetwork(folder)
  await writeAtomically(recordPath(folder), JSON.stringify(network))
  if (await layNetwork(network)) return
  await takeAway(network)
  throw takenSubnet(network.subnet)
}

/** Ends what runs in the network of a folder and takes it away. Nothing to do where there is none. */
export async function removeNetwork(folder: string): Promise<void> {
  const network = await readNetwork(folder)
  if (!network) return
  // Servers are ended before by their records; here are the tools that were running on a host, and a shell of a person.
  for (const identity of await processesIn(await namespacesOf(network.id))) {
    if (await signal(identity, 'SIGKILL')) await waitForEnd(identity, 10_000)
  }
  await takeAway(network).catch(async (error: unknown) => {
    // The reaper may be at it as well.
    if (!isClusterError(error, 'COMMAND_FAILED')) throw error
    await takeAway(network)
  })
  await rm(recordPath(folder), { force: true })
}

async function takeAway({ id, ip }: Network): Promise<void> {
  // First of all the link: what goes with its namespace goes a moment after it, and a new network would find it there.
  const hasLink = await exists(`/sys/class/net/${id}`)
  const namespaces = await namespacesOf(id)
  const lines = [...(hasLink ? [`link delete ${id}`] : []), ...namespaces.map((name) => `netns delete ${name}`)]
  if (lines.length > 0) await runBatch(ip, { lines })
}

/** False if somebody else has taken the addresses meanwhile. Throws HOSTS_UNAVAILABLE. */
async function layNetwork({ id, subnet, hosts, ip }: Network): Promise<boolean> {
  const { base, claim, insides } = layoutOf(id, subnet, hosts)
  try {
    await runBatch(ip, base)
    const isOurs = await runBatch(ip, claim).then(() => true, isTaken)
    if (!isOurs) return false
    for (const inside of insides) await runBatch(ip, inside)
    // Forwarding is set in the router's namespace alone; this machine's own setting stays.
    await runCommand('nsenter', [`--net=/run/netns/${id}`, '/bin/sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
    return true
  } catch (error) {
    if (!isClusterError(error, 'COMMAND_FAILED')) throw error
    const hint = /not permitted|denied/i.test(error.message)
      ? '; root alone is not enough: CAP_NET_ADMIN and CAP_SYS_ADMIN are needed (with Docker: --privileged)'
      : ''
    throw unavailable(`${error.message}${hint}`, error)
  }
}

function isTaken(error: unknown): false {
  if (isClusterError(error, 'COMMAND_FAILED') && error.message.includes('File exists')) return false
  throw error
}

async function routedPrefixes(ip: IpTool): Promise<string[]> {
  const routes = JSON.parse(await runIp(ip, '-4', '-json', 'route', 'show', 'table', 'all')) as { dst: string }[]
  return routes.map(({ dst }) => dst)
}

async function namespacesOf(id: string): Promise<string[]> {
  const names = await readdir('/run/netns').catch(() => [])
  return names.filter((name) => name === id || name.startsWith(`${id}-`))
}

async function readNetwork(folder: string): Promise<Network | undefined> {
  const text = await readFile(recordPath(folder), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Network)
}

function recordPath(folder: string): string {
  return join(folder, 'network.json')
}
