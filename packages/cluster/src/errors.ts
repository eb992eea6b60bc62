/** Every error of this package has a code of this registry; branch on codes, never on messages. */
export const clusterErrorCodes = {
  // home
  HOME_UNREACHABLE: 'the account that brokers and databases run as cannot enter the folder meant for them',
  // install
  INSTALL_UNSUPPORTED:
    'the program is not on this machine and cannot be brought here without a package manager of Debian',
  INSTALL_FAILED: 'the packages of the program could not be downloaded, unpacked or run',
  VERSION_UNSUPPORTED: 'the program on this machine is older than Warren supports',
  VERSION_UNAVAILABLE: 'the wanted series of the program is not on this machine and cannot be brought here',
  // cluster
  CLUSTER_EXISTS: 'a cluster of that name is running already',
  CLUSTER_UNKNOWN: 'there is no cluster of that name in this home',
  CLUSTER_INVALID: 'a name or an option of the cluster cannot be used',
  CLUSTER_START_FAILED: 'the nodes did not form one cluster',
  NODE_UNKNOWN: 'the cluster has no node of that name',
  NODE_STOPPED: 'the node is not running',
  NODE_START_FAILED: 'a node ended while it started, or was not ready in time',
  NODE_STOP_FAILED: 'a node did not end in time',
  // hosts
  HOSTS_UNAVAILABLE: 'nodes cannot be hosts of their own here: that takes Linux, root and iproute2',
  HOSTS_REQUIRED: 'only nodes that are hosts of their own can be parted from each other',
  ADDRESSES_EXHAUSTED: 'no free range of addresses was found for the hosts',
  // management
  MANAGEMENT_INVALID: 'a management endpoint, its user or a name in a path cannot be used',
  MANAGEMENT_UNREACHABLE: 'no management endpoint answered',
  MANAGEMENT_REFUSED: 'the management API refused the user, or does not let it do this (401, 403)',
  MANAGEMENT_NOT_FOUND: 'the management API knows no such object (404)',
  MANAGEMENT_FORBIDDEN_OPERATION: 'the operator of the broker has switched this operation off (405)',
  MANAGEMENT_FAILED: 'the management API answered with another error',
  // spec
  SPEC_NOT_FOUND: 'there is no spec where one was looked for',
  SPEC_INVALID: 'the spec has something in it that cannot be understood',
  SPEC_VARIABLE_MISSING: 'the spec uses a variable that has no value',
  SPEC_SECRET_MISSING: 'a password that the spec points to is not there',
  // plan
  PLAN_BLOCKED: 'the plan has steps that a broker cannot make on objects that exist',
  PLAN_STALE: 'the broker or the spec has changed since the plan was written',
  PARTITIONS_NOT_DRAINED: 'a queue would get other partitions while messages wait in those that it has',
  PRUNE_REFUSED: 'a queue that would be removed has messages or consumers, or a vhost that would be is protected',
  APPLY_FAILED: 'a step failed; those after it were not tried',
  APPLY_INCOMPLETE: 'every step was made, and the broker is still not as the spec says',
  // definitions
  DEFINITIONS_NOT_FOUND: 'the file of definitions that was named cannot be read',
  DEFINITIONS_INVALID: 'the file is not one of definitions',
  TRANSFORM_INVALID: 'definitions cannot be changed as asked: a vhost, a user or a section is not there',
  IMPORT_BLOCKED: 'the broker would stop within the import, or skip objects that it has with other properties',
  IMPORT_INCOMPLETE: 'the import was answered, and the broker is not as the file says',
  // queues
  QUEUE_UNKNOWN: 'there is no queue of that name',
  QUEUE_UNSUITABLE: 'the operation is for queues of another type',
  QUEUE_SYNC_UNSUPPORTED: 'the broker has no mirrored queues: they are gone in 4.0',
  QUEUE_SYNC_STOPPED: 'the broker ended a synchronisation before all mirrors had caught up',
  QUEUE_SYNC_STALLED: 'a synchronisation made no progress in time',
  QUEUE_SYNC_MIRROR_LOST: 'a mirror went while it was synchronised',
  QUEUE_SYNC_FAILED: 'some of the queues were not synchronised',
  QUEUE_REBALANCE_UNFINISHED: 'leaders were still moving when the time was up',
  QUEUE_MEMBERS_UNSUPPORTED: 'the broker cannot add and remove members over HTTP: that takes 3.11',
  QUEUE_SHRINK_REFUSED: 'a queue would be left with too few members',
  QUEUE_MEMBERS_FAILED: 'some of the queues have not the members that were asked for',
  // postgres
  POSTGRES_START_FAILED: 'the database server ended while it started, or was not ready in time',
  // anywhere
  COMMAND_FAILED: 'a program that was run ended with an error',
  PORTS_EXHAUSTED: 'no free loopback port was found',
} as const

export type ClusterErrorCode = keyof typeof clusterErrorCodes

/** An error with a stable `code` and the values it is about. Messages never hold passwords. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ClusterErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ClusterError'
    this.code = code
    this.details = details
  }
}

/** True for a ClusterError, of the given code if one is given. */
export function isClusterError(error: unknown, code?: ClusterErrorCode): error is ClusterError {
  return error instanceof ClusterError && (code === undefined || error.code === code)
}

/** True for what a ManagementClient throws: the endpoint answered with an error, or none answered. */
export function isManagementError(error: unknown): error is ClusterError {
  return error instanceof ClusterError && error.code.startsWith('MANAGEMENT_')
}
