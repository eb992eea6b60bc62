import { addressIn, MACHINE, ROUTER, type Subnet } from './addresses.ts'

/** What `ip` is told to make a network, as lines for `ip -batch`; `namespace` is where they are said, if not on this machine. */
export interface Batch {
  readonly namespace?: string
  readonly lines: readonly string[]
}

export interface Layout {
  /** Namespaces, the links between them, and this machine's own link. */
  readonly base: Batch
  /** Refused by the kernel where there are such routes already: the claim on the subnet, also between checkouts. */
  readonly claim: Batch
  /** The router and the hosts from inside. */
  readonly insides: readonly Batch[]
}

export function namespaceOf(network: { readonly id: string }, host: string): string {
  return `${network.id}-${host}`
}

/**
 * A router between point-to-point links instead of a bridge: a rule of the router's can part any hosts from any others, and
 * neither iptables nor a module of the kernel is needed for it. Hosts have no default route, so nothing gets out.
 */
export function layoutOf(id: string, subnet: Subnet, hosts: readonly string[]): Layout {
  const router = addressIn(subnet, ROUTER)
  const machine = addressIn(subnet, MACHINE)
  const placed = hosts.map((host, index) => ({
    host,
    namespace: namespaceOf({ id }, host),
    address: addressIn(subnet, index + 1),
  }))
  return {
    base: {
      lines: [
        `netns add ${id}`,
        `link add ${id} type veth peer name machine netns ${id}`,
        `link set ${id} up`,
        `address add ${machine}/32 dev ${id}`,
        ...placed.flatMap(({ host, namespace }) => [
          `netns add ${namespace}`,
          `link add ${host} netns ${id} type veth peer name eth0 netns ${namespace}`,
        ]),
      ],
    },
    claim: {
      lines: [`route add ${router}/32 dev ${id}`, `route add ${subnet}.0/24 via ${router} src ${machine}`],
    },
    insides: [
      {
        namespace: id,
        lines: [
          'link set lo up',
          `address add ${router}/32 dev lo`,
          'link set machine up',
          `route add ${machine}/32 dev machine`,
          ...placed.flatMap(({ host, address }) => [`link set ${host} up`, `route add ${address}/32 dev ${host}`]),
        ],
      },
      ...placed.map(({ namespace, address }) => ({
        namespace,
        lines: [
          'link set lo up',
          `address add ${address}/32 dev eth0`,
          'link set eth0 up',
          `route add ${router}/32 dev eth0`,
          `route add ${subnet}.0/24 via ${router}`,
        ],
      })),
    ],
  }
}
