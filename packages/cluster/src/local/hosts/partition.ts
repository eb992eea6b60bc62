import { addressIn } from './addresses.ts'
import { requireRoot, runBatch, runIp } from './ip.ts'
import type { Network } from './network.ts'
import { partedPairs, sidesFrom, sidesOf } from './sides.ts'

// A rule of the router's, not a route of a host's: hosts see nothing but silence, as with a cable cut between two switches.
// A blackhole route on the host would fail connect() at once, which no network does; netem and iptables are not everywhere.
const PRIORITY = 100

interface Rule {
  readonly priority: number
  readonly src?: string
  readonly dst?: string
}

/**
 * Parts the hosts: what one side sends to another is dropped in silence, both ways, also on connections that are open.
 * This machine still reaches all of them. Replaces an earlier partition. Returns the sides; throws what `sidesOf` throws.
 */
export async function part(network: Network, given: readonly (readonly string[])[]): Promise<string[][]> {
  requireRoot()
  const wanted = sidesOf(network.hosts, given)
  const rule = ([from, to]: readonly [string, string]): string =>
    `rule add priority ${PRIORITY} from ${addressOf(network, from)} to ${addressOf(network, to)} blackhole`
  await inRouter(network, [...(await removals(network)), ...partedPairs(wanted).map(rule)])
  return wanted
}

/** Lets all hosts reach each other again. */
export async function heal(network: Network): Promise<void> {
  requireRoot()
  await inRouter(network, await removals(network))
}

async function removals(network: Network): Promise<string[]> {
  const found = await rules(network)
  return found.map(({ src = '', dst = '' }) => `rule delete priority ${PRIORITY} from ${src} to ${dst} blackhole`)
}

/** The sides that hosts are parted into now, whoever did it; one side with all of them when nothing is parted. */
export async function sides(network: Network): Promise<string[][]> {
  const nameOf = (address: string | undefined): string =>
    network.hosts.find((host) => addressOf(network, host) === address) ?? ''
  return sidesFrom(
    network.hosts,
    (await rules(network)).map(({ src, dst }) => [nameOf(src), nameOf(dst)] as const),
  )
}

async function rules({ id, ip }: Network): Promise<Rule[]> {
  const all = JSON.parse(await runIp(ip, '-n', id, '-json', 'rule', 'show')) as Rule[]
  return all.filter(({ priority }) => priority === PRIORITY)
}

async function inRouter({ id, ip }: Network, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runBatch(ip, { namespace: id, lines })
}

function addressOf(network: Network, host: string): string {
  return addressIn(network.subnet, network.hosts.indexOf(host) + 1)
}
