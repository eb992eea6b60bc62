import { timingSafeEqual } from 'node:crypto'
import { isManagementError } from '@warren/cluster'
import { api, ManagementClient } from '@warren/cluster/management'
import type { ManagementOptions } from '@warren/cluster/management'
import { MonitorError } from '../errors.ts'
import type { Role } from './role.ts'
import { hashOf } from './sessions.ts'
import type { Identity } from './sessions.ts'

/** A secret of a program, or of the first person: whoever has it is let in. */
export interface AccessToken {
  /** For the action log. */
  readonly name: string
  readonly role: Role
  /** SHA-256 of the token, in hexadecimal: a configuration need not hold the token itself. */
  readonly sha256: string
}

export interface RabbitmqLogin {
  /** Whose accounts may log in: checked by asking the broker as them. */
  readonly management: Pick<ManagementOptions, 'endpoints' | 'tls' | 'timeoutMs'>
  /** Tags of the account that make an operator. Default: `administrator`. */
  readonly operatorTags?: readonly string[]
  /** Tags that make a viewer. Default: `monitoring`, `policymaker`, `management`. */
  readonly viewerTags?: readonly string[]
}

/** Null when no token is like that. */
export function identityOfToken(tokens: readonly AccessToken[], secret: string): Identity | null {
  const hash = Buffer.from(hashOf(secret), 'hex')
  // All of them are looked at: how long it takes tells nothing.
  let found: AccessToken | null = null
  for (const token of tokens) {
    const expected = Buffer.from(token.sha256, 'hex')
    if (expected.length === hash.length && timingSafeEqual(expected, hash)) found = token
  }
  return found === null ? null : { actor: `token:${found.name}`, name: found.name, role: found.role }
}

/** Throws LOGIN_FAILED, ACCESS_DENIED for an account without a tag that is let in, LOGIN_UNAVAILABLE when no node answers. */
export async function loginWithRabbitmq(
  {
    management,
    operatorTags = ['administrator'],
    viewerTags = ['monitoring', 'policymaker', 'management'],
  }: RabbitmqLogin,
  credentials: { readonly username: string; readonly password: string },
): Promise<Identity> {
  const tags = await tagsOf(new ManagementClient({ ...management, credentials }))
  const has = (wanted: readonly string[]): boolean => wanted.some((tag) => tags.includes(tag))
  const role = has(operatorTags) ? 'operator' : has(viewerTags) ? 'viewer' : null
  if (role === null) {
    throw new MonitorError(
      'ACCESS_DENIED',
      403,
      `the account "${credentials.username}" has none of the tags ${[...operatorTags, ...viewerTags].join(', ')}`,
    )
  }
  return { actor: `rabbitmq:${credentials.username}`, name: credentials.username, role }
}

async function tagsOf(client: ManagementClient): Promise<readonly string[]> {
  try {
    const { tags } = await client.get<{ readonly tags: string | readonly string[] }>(api`whoami`)
    return typeof tags === 'string' ? tags.split(',') : tags
  } catch (error) {
    if (!isManagementError(error)) throw error
    if (error.code === 'MANAGEMENT_REFUSED')
      throw new MonitorError('LOGIN_FAILED', 401, 'the user name or the password is not right')
    throw new MonitorError('LOGIN_UNAVAILABLE', 503, 'no node of RabbitMQ answers, so that accounts cannot be checked')
  }
}
