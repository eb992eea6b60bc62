import { randomBytes } from 'node:crypto'
import { ClusterError } from '../../errors.ts'
import { askManagement, managementOf } from './management.ts'
import type { ClusterRecord, UserRecord } from './record.ts'

/** A user beside the administrator that every cluster has. */
export interface UserOptions {
  readonly name: string
  /** `monitoring`, `policymaker`, `management`, `administrator`, `impersonator`; none by default: messages only. */
  readonly tags?: readonly string[]
  /** One is made up if it is left out. */
  readonly password?: string
}

/** The users to create. Throws CLUSTER_INVALID for names that are no use. */
export function planUsers(options: readonly UserOptions[], administrator: string): UserRecord[] {
  const names = options.map(({ name }) => name)
  const bad = names.find((name, index) => !/^[\w.@-]{1,100}$/.test(name) || names.indexOf(name) !== index)
  if (bad !== undefined || names.includes(administrator)) {
    throw new ClusterError(
      'CLUSTER_INVALID',
      `"${bad ?? administrator}" cannot be a user's name: letters, digits, - . _ @ only, each name once, and not "${administrator}", who is there already`,
    )
  }
  return options.map(({ name, tags = [], password = randomBytes(18).toString('base64url') }) => ({
    username: name,
    password,
    tags,
  }))
}

/** Creates the users of a cluster that has just been formed, with all permissions in the default vhost. */
export async function createUsers(cluster: ClusterRecord): Promise<void> {
  const [first] = cluster.nodes
  if (!first) return
  const client = managementOf(cluster, [first])
  const put = (path: string, body: unknown): Promise<unknown> =>
    askManagement(client, path, { method: 'PUT', body, timeoutMs: 30_000 })
  for (const { username, password, tags } of cluster.users ?? []) {
    const name = encodeURIComponent(username)
    await put(`users/${name}`, { password, tags: tags.join(',') })
    await put(`permissions/%2f/${name}`, { configure: '.*', write: '.*', read: '.*' })
  }
}
