/** `error`: messages or the service are at stake now. `warning`: they will be when one more thing goes wrong. */
export type Severity = 'error' | 'warning' | 'notice'

/** Every finding that the doctor can make: how bad it is, and why it matters. Branch on codes. */
export const findingCodes = {
  // nodes
  'node-down': {
    severity: 'error',
    why: 'its share of the load and of the copies is missing; one more loss may take queues away',
  },
  'memory-alarm': { severity: 'error', why: 'publishers are blocked on the whole cluster until memory is freed' },
  'disk-alarm': {
    severity: 'error',
    why: 'publishers are blocked on the whole cluster until there is room on the disk',
  },
  'partition-seen': {
    severity: 'error',
    why: 'nodes have lived apart and disagree about what there is; it does not mend itself',
  },
  'vhost-down': { severity: 'error', why: 'queues of the vhost on that node serve nobody' },
  'node-not-serving': { severity: 'error', why: 'the node is up and takes no clients' },
  'node-in-maintenance': {
    severity: 'warning',
    why: 'the node takes no clients and leads no queues until it is revived',
  },
  'node-quorum-critical': {
    severity: 'warning',
    why: 'stopping this node would take quorum queues, or the metadata, below their majority',
  },
  'node-mirror-critical': {
    severity: 'warning',
    why: 'stopping this node would leave classic queues without a synchronised copy',
  },
  'ram-node': {
    severity: 'warning',
    why: 'its metadata is lost when all others are down, and Khepri (4.x) knows no such nodes',
  },
  'even-number-of-nodes': {
    severity: 'notice',
    why: 'half of the nodes is no majority: the cluster survives no more than with one node less',
  },
  'certificate-expiring': { severity: 'warning', why: 'clients will refuse the node when its certificate has expired' },
  // limits and settings
  'memory-high': { severity: 'warning', why: 'at the limit an alarm blocks all publishers' },
  'memory-limit-low': {
    severity: 'warning',
    why: 'a few large messages or a backlog raise the alarm that blocks all publishers',
  },
  'memory-limits-differ': { severity: 'notice', why: 'the node with the least memory blocks the publishers of all' },
  'disk-low': { severity: 'warning', why: 'at the limit an alarm blocks all publishers' },
  'disk-limit-default': {
    severity: 'warning',
    why: 'a node writes its disk full before the alarm at 50 MB comes, and loses data',
  },
  'descriptors-high': {
    severity: 'warning',
    why: 'without free file descriptors no connection is taken and no file is opened',
  },
  'sockets-high': { severity: 'warning', why: 'without free sockets no connection is taken' },
  'processes-high': { severity: 'warning', why: 'without free Erlang processes the node ends' },
  'net-ticktime-unusual': {
    severity: 'notice',
    why: 'a short one parts nodes over a pause, a long one leaves clients waiting for a dead node',
  },
  'net-ticktime-differs': {
    severity: 'warning',
    why: 'nodes disagree on when one is gone, which ends in partial partitions',
  },
  'partition-handling-ignore': {
    severity: 'warning',
    why: 'after a network split both sides go on, and one of them is thrown away by hand',
  },
  'partition-handling-two-nodes': {
    severity: 'warning',
    why: 'with pause_minority and two nodes, both stop when they lose each other',
  },
  // versions
  'versions-mixed': {
    severity: 'warning',
    why: 'a cluster of mixed versions is meant for the hours of an upgrade, not for longer',
  },
  'version-unsupported': {
    severity: 'warning',
    why: 'this series gets no more fixes, also not for security, unless somebody is paid for it',
  },
  'feature-flags-disabled': {
    severity: 'warning',
    why: 'the next upgrade refuses to start while a flag that it requires is off',
  },
  'deprecated-feature-used': {
    severity: 'warning',
    why: 'a later version takes it away, and what uses it stops working',
  },
  // users
  'guest-present': { severity: 'warning', why: 'everybody knows the name of this administrator' },
  'guest-default-password': {
    severity: 'warning',
    why: 'everybody knows this administrator and its password; only loopback_users keeps them out',
  },
  'guest-logs-in': { severity: 'error', why: 'whoever reaches the management from here is an administrator' },
  'administrator-without-password': {
    severity: 'notice',
    why: 'it cannot log in by password; who relies on it is locked out',
  },
  // connections
  'connections-blocked': {
    severity: 'warning',
    why: 'these publishers wait, and with them whoever waits for their confirms',
  },
  // queues
  'queue-down': { severity: 'error', why: 'nobody can publish to it or consume from it' },
  'queue-without-leader': {
    severity: 'error',
    why: 'nobody can publish to it or consume from it until a leader is elected',
  },
  'majority-lost': {
    severity: 'error',
    why: 'nothing can be published to it or consumed from it until more members are back',
  },
  'members-offline': { severity: 'warning', why: 'one or two more losses take its majority away' },
  'few-members': {
    severity: 'warning',
    why: 'it does not survive the loss of a node, or of no more nodes than with one member less',
  },
  'leaders-unbalanced': {
    severity: 'notice',
    why: 'the node with most leaders does most of the work, and its loss stops most queues',
  },
  'mirror-unsynchronised': {
    severity: 'warning',
    why: 'if the leader is lost now, messages are lost or the queue stops',
  },
  'mirrors-missing': { severity: 'warning', why: 'fewer nodes hold a copy than the policy asks for' },
  'mirrored-queues': {
    severity: 'notice',
    why: 'mirroring is gone from 4.0 on: quorum queues take its place, and loss is rarer with them',
  },
  'queue-not-replicated': { severity: 'notice', why: 'the queue is away while its node is, and lost with its disk' },
  'queue-without-consumers': { severity: 'warning', why: 'messages pile up until memory or disk run out' },
  // dead letters and policies
  'dead-letter-exchange-missing': {
    severity: 'error',
    why: 'dead letters are dropped, or pile up in the queue, and nobody is told',
  },
  'dead-letter-cycle': { severity: 'warning', why: 'a message goes round until it is dropped in silence' },
  'delivery-limit-drops': { severity: 'warning', why: 'a message that fails often enough is lost in silence' },
  'at-least-once-falls-back': {
    severity: 'warning',
    why: 'dead letters may be lost although the setting says otherwise',
  },
  'equal-priority': { severity: 'warning', why: 'which of the policies counts is left to chance, and may change' },
  'policy-skipped': {
    severity: 'warning',
    why: 'what the policy says does not hold for these queues, and nobody is told',
  },
  'policy-matches-nothing': {
    severity: 'notice',
    why: 'what the policy says holds for nothing: a name or a pattern may have changed',
  },
  'pattern-misses-neighbours': { severity: 'warning', why: 'objects that were meant are left out, and nobody is told' },
  // links
  'federation-link-down': { severity: 'error', why: 'nothing comes from the upstream; it piles up there' },
  'shovel-down': { severity: 'error', why: 'nothing is moved; it piles up at the source' },
  // reading
  'not-read': { severity: 'notice', why: 'whether this is well is not known' },
  'refused-to-read': { severity: 'warning', why: 'whether this is well is not known: it was asked for and not given' },
} as const

export type FindingCode = keyof typeof findingCodes
