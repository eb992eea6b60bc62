import { join } from 'node:path'
import type { Host } from '../hosts/host.ts'
import { folderMark } from '../processes/server.ts'
import { homeOf, hostOf } from './host.ts'
import { addressOf, type ClusterRecord, clusterPaths, erlangName, nodePaths, type NodeRecord } from './record.ts'

/** The text of a node's rabbitmq.conf. The caller's lines come last: the last one of a key counts. */
export function nodeConfiguration(cluster: ClusterRecord, node: NodeRecord): string {
  const tls = clusterPaths(cluster.folder).tls
  return [
    `listeners.tcp.1 = ${addressOf(node)}:${node.amqpPort}`,
    `management.tcp.ip = ${addressOf(node)}`,
    `management.tcp.port = ${node.managementPort}`,
    `default_user = ${cluster.credentials.username}`,
    `default_pass = ${cluster.credentials.password}`,
    `default_user_tags.administrator = true`,
    `cluster_name = ${cluster.name}`,
    ...peerDiscovery(cluster, node),
    // The default of 3.x lets both sides of a partition go on. With Khepri the line has no effect.
    ...(cluster.nodes.length >= 3 ? ['cluster_partition_handling = pause_minority'] : []),
    `log.file = rabbit.log`,
    `log.console = false`,
    ...(node.tlsPort === undefined
      ? []
      : [
          `listeners.ssl.1 = ${addressOf(node)}:${node.tlsPort}`,
          `ssl_options.cacertfile = ${join(tls, 'ca.pem')}`,
          `ssl_options.certfile = ${join(tls, 'cert.pem')}`,
          `ssl_options.keyfile = ${join(tls, 'key.pem')}`,
          `ssl_options.verify = ${cluster.isPeerVerified ? 'verify_peer' : 'verify_none'}`,
          `ssl_options.fail_if_no_peer_cert = ${cluster.isPeerVerified ?? false}`,
        ]),
    ...cluster.config,
    '',
  ].join('\n')
}

function peerDiscovery(cluster: ClusterRecord, node: NodeRecord): string[] {
  if (cluster.joining === 'join-cluster') return []
  return [
    `cluster_formation.peer_discovery_backend = rabbit_peer_discovery_classic_config`,
    ...peersOf(cluster, node).map((peer, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${peer}`),
    ...(node.isRam === true ? ['cluster_formation.node_type = ram'] : []),
  ]
}

/**
 * The first node is founded alone and the others are told of it only (`startCluster` waits for it). With the full list on
 * every node 3.10 is slow: the one that gets the lock retries for 5 s to join nodes that wait for that very lock, and these
 * ask for it again after up to 8 s.
 */
function peersOf(cluster: ClusterRecord, node: NodeRecord): string[] {
  const first = cluster.nodes[0] ?? node
  return [...new Set([erlangName(first), erlangName(node)])]
}

/** The text of a node's enabled_plugins. */
export function enabledPlugins(plugins: readonly string[]): string {
  return `[${[...new Set(['rabbitmq_management', ...plugins])].join(',')}].\n`
}

/** The environment of a node and of the tools that talk to it. The caller's own RABBITMQ_* variables have no say. */
export function nodeEnvironment(cluster: ClusterRecord, node: NodeRecord): NodeJS.ProcessEnv {
  const paths = nodePaths(cluster, node)
  const host = hostOf(cluster, node)
  // Without it Erlang listens on every interface.
  const ownAddressOnly = `-kernel inet_dist_use_interface {${host.address.replaceAll('.', ',')}}`
  return {
    ...toolEnvironment(cluster, host),
    HOME: homeOf(cluster, node),
    RABBITMQ_NODENAME: erlangName(node),
    RABBITMQ_CONFIG_FILE: paths.config,
    RABBITMQ_ENABLED_PLUGINS_FILE: paths.plugins,
    RABBITMQ_MNESIA_BASE: paths.data,
    RABBITMQ_LOG_BASE: paths.logs,
    RABBITMQ_PID_FILE: join(paths.folder, 'pid'),
    RABBITMQ_DIST_PORT: String(node.distributionPort),
    // A file that does not exist: the machine's own settings in /etc/rabbitmq are not for us.
    RABBITMQ_CONF_ENV_FILE: join(paths.folder, 'no-environment.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(paths.folder, 'advanced.config'),
    // With input allowed the script becomes the node (exec) instead of watching over it: the pid we started is the node's,
    // and stays what SIGSTOP and SIGKILL have to hit. -noinput then keeps the shell away.
    RABBITMQ_ALLOW_INPUT: 'true',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput ${ownAddressOnly} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -warren ${folderMark(cluster.folder)}`,
    RABBITMQ_CTL_ERL_ARGS: `${ownAddressOnly} +S 1:1`,
    // On a host of its own the usual ports are free.
    RABBITMQ_CTL_DIST_PORT_MIN: node.host ? '35672' : '20000',
    RABBITMQ_CTL_DIST_PORT_MAX: node.host ? '35682' : '32000',
  }
}

/** What every program of the installation needs, epmd included. */
export function toolEnvironment(
  cluster: Pick<ClusterRecord, 'folder' | 'installation' | 'epmdPort'>,
  host: Pick<Host, 'address'>,
): NodeJS.ProcessEnv {
  const paths = clusterPaths(cluster.folder)
  const { path, libraries } = cluster.installation
  return {
    PATH: [...path, process.env['PATH'] ?? '', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':'),
    HOME: paths.home,
    TMPDIR: paths.temporary,
    LC_ALL: 'C.UTF-8',
    ERL_EPMD_PORT: String(cluster.epmdPort),
    ERL_EPMD_ADDRESS: host.address,
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') }),
  }
}
