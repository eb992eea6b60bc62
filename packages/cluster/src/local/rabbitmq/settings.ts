import { join } from 'node:path'
import { folderMark } from '../processes/server.ts'
import { type ClusterRecord, clusterPaths, erlangName, nodePaths, type NodeRecord } from './record.ts'

/** The text of a node's rabbitmq.conf. The caller's lines come last: the last one of a key counts. */
export function nodeConfiguration(cluster: ClusterRecord, node: NodeRecord): string {
  const tls = clusterPaths(cluster.folder).tls
  return [
    `listeners.tcp.1 = 127.0.0.1:${node.amqpPort}`,
    `management.tcp.ip = 127.0.0.1`,
    `management.tcp.port = ${node.managementPort}`,
    `default_user = ${cluster.credentials.username}`,
    `default_pass = ${cluster.credentials.password}`,
    `default_user_tags.administrator = true`,
    `cluster_name = ${cluster.name}`,
    `cluster_formation.peer_discovery_backend = rabbit_peer_discovery_classic_config`,
    ...peersOf(cluster, node).map((peer, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${peer}`),
    // The default of 3.x lets both sides of a partition go on. With Khepri the line has no effect.
    ...(cluster.nodes.length >= 3 ? ['cluster_partition_handling = pause_minority'] : []),
    `log.file = rabbit.log`,
    `log.console = false`,
    ...(node.tlsPort === undefined
      ? []
      : [
          `listeners.ssl.1 = 127.0.0.1:${node.tlsPort}`,
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
  const loopbackOnly = '-kernel inet_dist_use_interface {127,0,0,1}'
  return {
    ...toolEnvironment(cluster),
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
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput ${loopbackOnly} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -warren ${folderMark(cluster.folder)}`,
    RABBITMQ_CTL_ERL_ARGS: `${loopbackOnly} +S 1:1`,
    RABBITMQ_CTL_DIST_PORT_MIN: '20000',
    RABBITMQ_CTL_DIST_PORT_MAX: '32000',
  }
}

/** What every program of the installation needs, epmd included. */
export function toolEnvironment(
  cluster: Pick<ClusterRecord, 'folder' | 'installation' | 'epmdPort'>,
): NodeJS.ProcessEnv {
  const paths = clusterPaths(cluster.folder)
  const { path, libraries } = cluster.installation
  return {
    PATH: [...path, process.env['PATH'] ?? '', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':'),
    HOME: paths.home,
    TMPDIR: paths.temporary,
    LC_ALL: 'C.UTF-8',
    ERL_EPMD_PORT: String(cluster.epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') }),
  }
}
